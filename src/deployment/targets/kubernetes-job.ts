import { basename, join } from 'node:path';

import { z } from 'zod';

import { RUN_NAME } from '../../artifacts/run.js';
import { readArtifact } from '../../core/encryption/artifact-file.js';
import { ToolkitError } from '../../core/errors.js';
import { exists, readError, writeFileAtomically } from '../../core/files.js';
import { escapeJson } from '../../core/formats/unsafe-characters.js';
import { imageOption } from '../docker/image.js';
import { copyPlugins } from '../docker/plugins.js';
import { jobGuide } from '../kubernetes-job/guide.js';
import {
  jobDockerfile,
  jobDockerignore,
  knownHostsScript,
  launcherScript,
  sshConfig,
  sshdConfig,
} from '../kubernetes-job/image.js';
import {
  filesManifest,
  jobManifest,
  networkManifest,
  volumeManifest,
  type JobPlan,
} from '../kubernetes-job/manifests.js';
import { byteSignature } from '../registered.js';
import type { DeploymentSource, ExportedModel, TrainingRecipe } from '../source.js';
import { defineTarget } from './target.js';

const NAME = 'kubernetes-job';

const options = z.strictObject({
  image: imageOption('mnist-training:1'),
  workers: z.int().min(1).max(1024).default(4).meta({ description: 'pods that train together' }),
  cpus: z.int().min(1).max(1024).default(4).meta({ description: 'processors of each worker' }),
  memory: z
    .string()
    .regex(/^[1-9]\d{0,5}[MG]i$/)
    .default('4Gi')
    .meta({
      description: 'memory of each worker',
      allowed: 'a number with Mi or Gi, such as 4Gi',
      placeholder: 'SIZE',
    }),
  start: z.enum(['new', 'resume']).default('new').meta({
    description: 'new: train with the options of the run from the beginning; resume: continue the run',
  }),
  epochs: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .meta({ description: 'number of epochs; without it, that of the run' }),
});

/** All that trains a run again on a cluster: an image, and a job of the MPI operator. */
export const kubernetesJob = defineTarget({
  name: NAME,
  summary: 'folder that trains the run with several workers on Kubernetes (MPI operator)',
  destination: 'folder',
  options,
  export: exportJob,
});

async function exportJob(
  source: DeploymentSource,
  { image, workers, cpus, memory, start, epochs }: z.output<typeof options>,
  folder: string,
): Promise<ExportedModel> {
  const { description } = source.checkpoint;
  const recipe = await source.trainingRecipe(workers);
  requireStart(recipe, start, description.run);
  const plugins = await copyPlugins(description, folder, { target: NAME });
  const length = epochs === undefined ? [] : ['--epochs', String(epochs)];
  // Workers compute parts of their own; a run that is resumed would still have those of its machine.
  const parts = Number(description.config['accumulate'] ?? 1) > 1 ? ['--accumulate', '1'] : [];
  const words = [...length, ...parts, ...plugins.words];
  const name = jobName(description.run);
  const run = RUN_NAME.test(description.run) ? description.run : name;
  const plan: JobPlan = { name, image, workers, cpus, memory, run, start, words };
  const files = {
    Dockerfile: jobDockerfile(),
    '.dockerignore': jobDockerignore(),
    'config.json': `${escapeJson(JSON.stringify(recipe.options, undefined, 2))}\n`,
    'container/train.sh': launcherScript(),
    'container/known-hosts.sh': knownHostsScript(),
    'container/ssh_config': sshConfig(),
    'container/sshd_config': sshdConfig(),
    'kubernetes/volume.yaml': volumeManifest(plan),
    'kubernetes/files.yaml': filesManifest(plan),
    'kubernetes/network.yaml': networkManifest(plan),
    'kubernetes/job.yaml': jobManifest(plan),
    'README.md': jobGuide(plan, recipe.dataset),
  };
  for (const [path, text] of Object.entries(files)) await writeFileAtomically(join(folder, path), text);
  const copy = await copyRun(source, recipe, folder);
  return {
    engine: `mnist-train on ${source.backend.name} ${source.backend.version}`,
    signature: byteSignature(source),
    classify: (images) => source.classifyCheckpoint(copy, images),
    dispose: () => Promise.resolve(),
  };
}

/** Throws EXPORT_UNSUPPORTED for a run that the image could not begin. */
function requireStart(
  { options: given, folder }: TrainingRecipe,
  start: JobPlan['start'],
  run: string,
): void {
  if (start === 'resume' && folder === undefined) {
    throw new ToolkitError('EXPORT_UNSUPPORTED', {
      target: NAME,
      reason: 'the checkpoint is not in the folder of its run, from whose last checkpoint training goes on',
      hint: `name the run, such as "mnist deploy ${run} --to ${NAME} --start resume", or leave out --start`,
    });
  }
  if (start === 'new' && given['initFrom'] !== undefined) {
    throw new ToolkitError('EXPORT_UNSUPPORTED', {
      target: NAME,
      reason:
        'the run began with the weights of another checkpoint (--init-from), which the image does not have',
      hint: 'continue it with --start resume',
    });
  }
}

/** Copies the checkpoints of the run into the folder. Returns the path of the one that was deployed. */
async function copyRun(
  { checkpoint: { path, description } }: DeploymentSource,
  { folder: run }: TrainingRecipe,
  folder: string,
): Promise<string> {
  const copy = async (from: string, name: string): Promise<string> => {
    const bytes = await readArtifact(from).catch((error: unknown) => {
      throw readError(error, from);
    });
    const to = join(folder, 'run', name);
    await writeFileAtomically(to, bytes);
    return to;
  };
  for (const other of run ? [run.last, run.best] : []) {
    if (await exists(other)) await copy(other, basename(other));
  }
  // Last, as it is the one that has been checked.
  return copy(path, `${description.kind}.safetensors`);
}

/** A name that Kubernetes takes for a job and, with a worker's number, for its pods. */
export function jobName(run: string): string {
  const plain = run
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? 'train' : `train-${plain}`;
}
