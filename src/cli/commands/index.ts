import type { Command } from '../command.js';

interface CommandEntry {
  readonly name: string;
  /** Repeats the command's own summary, so that the list can be printed without loading every command. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** All commands, in the order of the stages. A new one is a file beside this one, and an entry here. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'collect',
    summary: 'bring a data set to the data folder: a published one, or your own images',
    load: async () => (await import('./collect.js')).collectCommand,
  },
  {
    name: 'preprocess',
    summary: 'check, clean, split and describe a collected data set',
    load: async () => (await import('./preprocess.js')).preprocessCommand,
  },
  {
    name: 'train',
    summary: 'train a model and write its checkpoints (also: mnist-train)',
    load: async () => (await import('./train.js')).trainCommand,
  },
  {
    name: 'search',
    summary: 'try configurations of a space, and say which does best on the validation split',
    load: async () => (await import('./search.js')).searchCommand,
  },
  {
    name: 'evaluate',
    summary: 'measure a checkpoint on a split of a data set (also: mnist-eval)',
    load: async () => (await import('./evaluate.js')).evaluateCommand,
  },
  {
    name: 'embed',
    summary: 'write what a model makes of images before it decides, with a map of them',
    load: async () => (await import('./embed.js')).embedCommand,
  },
  {
    name: 'calibrate',
    summary: 'fit how a checkpoint’s probabilities become decisions',
    load: async () => (await import('./calibrate.js')).calibrateCommand,
  },
  {
    name: 'deploy',
    summary: 'put a checkpoint into a form in which it is used: registry, ONNX, SavedModel, …',
    load: async () => (await import('./deploy.js')).deployCommand,
  },
  {
    name: 'registry',
    summary: 'list, promote, roll back and check the models that were deployed',
    load: async () => (await import('./registry.js')).registryCommand,
  },
  {
    name: 'audit',
    summary: 'check or list the log of deploys, promotions and rollbacks',
    load: async () => (await import('./audit.js')).auditCommand,
  },
  {
    name: 'serve',
    summary: 'answer over HTTP, in real time (Open Inference Protocol)',
    load: async () => (await import('./serve.js')).serveCommand,
  },
  {
    name: 'tokens',
    summary: 'create, list and revoke the access tokens of the server',
    load: async () => (await import('./tokens.js')).tokensCommand,
  },
  {
    name: 'predict',
    summary: 'classify image files with a checkpoint',
    load: async () => (await import('./predict.js')).predictCommand,
  },
  {
    name: 'explain',
    summary: 'show which pixels speak for a class and which against it',
    load: async () => (await import('./explain.js')).explainCommand,
  },
  {
    name: 'runs',
    summary: 'list, compare and prune the training runs',
    load: async () => (await import('./runs.js')).runsCommand,
  },
  {
    name: 'models',
    summary: 'list the models, what they reach, and their options',
    load: async () => (await import('./models.js')).modelsCommand,
  },
  {
    name: 'datasets',
    summary: 'list the data sets, known and collected, or show one',
    load: async () => (await import('./datasets.js')).datasetsCommand,
  },
  {
    name: 'runtime',
    summary: 'install, list or remove the TensorFlow runtime',
    load: async () => (await import('./runtime.js')).runtimeCommand,
  },
  {
    name: 'doctor',
    summary: 'say what works on this machine, what does not and why',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
];
