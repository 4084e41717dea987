import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { exportEncrypted } from '../encrypted/export.js';
import { ENCRYPTED } from '../encrypted/folder.js';
import { squareNet } from '../../models/square-net.js';
import { defineTarget } from './target.js';

const options = z.strictObject({
  checkImages: z.int().min(0).max(1000).default(10).meta({
    description: 'test images to encrypt, classify and decrypt as a check; 0 where Microsoft SEAL cannot run',
  }),
});

/** A model that computes on encrypted images, for `mnist serve --encrypted`. */
export const encrypted = defineTarget({
  name: ENCRYPTED,
  summary: 'square-net for encrypted images: the server computes without seeing them',
  destination: 'folder',
  models: [squareNet.name],
  options,
  export(source, { checkImages }, folder) {
    const { name } = source.checkpoint.description.model;
    if (name !== squareNet.name) {
      const reason = `it is for ${squareNet.name} alone, whose activations are squares; this is ${name}`;
      const hint = `train one with "mnist train --config configs/${squareNet.name}.json", or with --model ${squareNet.name}`;
      throw new ToolkitError('EXPORT_UNSUPPORTED', { target: ENCRYPTED, reason, hint });
    }
    return exportEncrypted(source, checkImages, folder);
  },
});
