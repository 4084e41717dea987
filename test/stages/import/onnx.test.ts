import { expect, it } from 'vitest';

import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { softmaxRows } from '../../../src/evaluation/probabilities.js';
import { importModel } from '../../../src/index.js';
import { classifyPixels } from '../../../src/models/classify-pixels.js';
import { importCase } from '../../support/imports.js';
import { expectClose } from '../../support/numbers.js';

const signal = new AbortController().signal;

it.each(['onnx-mnist', 'onnx-colour', 'onnx-flat', 'onnx-half', 'onnx-keras'])(
  'an ONNX model computes what the original does: %s',
  async (name) => {
    const {
      folder,
      file,
      classes,
      options,
      pixels,
      probabilities,
      tolerance = 1e-5,
    } = await importCase(name);
    const imported = await importModel(file, {
      ...options,
      run: 'mine',
      checkpointsDir: folder,
      dataset: 'own',
    });
    expect(imported).toMatchObject({ run: 'mine', classNames: { length: classes } });
    const logits = await classifyPixels(await readCheckpoint(imported.checkpoint), pixels, { signal });
    expectClose(softmaxRows(logits, classes), probabilities, tolerance);
    // The images are not all the same to it.
    expect(Math.abs(probabilities[0]! - probabilities[classes]!)).toBeGreaterThan(1e-4);
  },
);
