import { join } from 'node:path';

import { z } from 'zod';

import { writeFileAtomically } from '../../core/files.js';
import { compose } from '../docker/compose.js';
import { copyPlugins } from '../docker/plugins.js';
import { dockerfile, dockerignore, imageOption, MODEL_FILE } from '../docker/image.js';
import { deploymentGuide, deploymentManifest, serviceManifest } from '../docker/kubernetes.js';
import { byteSignature, copyForServing } from '../registered.js';
import type { DeploymentSource, ExportedModel } from '../source.js';
import { needsOnnxRuntime } from '../web/describe-model.js';
import { defineTarget } from './target.js';

const options = z.strictObject({ image: imageOption('mnist-classifier:1') });

/** All that is needed to build and run a container with the server and this model. */
export const docker = defineTarget({
  name: 'docker',
  summary: 'folder with Dockerfile, compose file and Kubernetes manifests',
  destination: 'folder',
  takesOnnx: true,
  options,
  export: exportDocker,
});

async function exportDocker(
  source: DeploymentSource,
  { image }: z.output<typeof options>,
  folder: string,
): Promise<ExportedModel> {
  const { words } = await copyPlugins(source.checkpoint.description, folder, {
    target: 'docker',
    kinds: ['model', 'features'],
  });
  const model = join(folder, MODEL_FILE);
  await copyForServing(source, model);
  const files = {
    Dockerfile: dockerfile({ inBrowser: needsOnnxRuntime(source.checkpoint.description), words }),
    '.dockerignore': dockerignore(),
    'compose.yaml': compose(image),
    'kubernetes/deployment.yaml': deploymentManifest(image, source.checkpoint.description.run),
    'kubernetes/service.yaml': serviceManifest(),
    'README.md': deploymentGuide(image),
  };
  for (const [path, text] of Object.entries(files)) await writeFileAtomically(join(folder, path), text);
  return {
    engine: `mnist-train on ${source.backend.name} ${source.backend.version}`,
    signature: byteSignature(source),
    classify: (images) => source.classifyCheckpoint(model, images),
    dispose: () => Promise.resolve(),
  };
}
