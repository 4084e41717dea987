import type { CommandEntry } from '../command.js';

/** All commands, in the order of the stages. To add one, add a file here and an entry below. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'collect',
    summary: 'collect a data set: a published one or your own images',
    load: async () => (await import('./collect.js')).collectCommand,
  },
  {
    name: 'preprocess',
    summary: 'clean, check and split a collected data set',
    load: async () => (await import('./preprocess.js')).preprocessCommand,
  },
  {
    name: 'train',
    summary: 'train a model (also: mnist-train)',
    load: async () => (await import('./train.js')).trainCommand,
  },
  {
    name: 'search',
    summary: 'search for the best hyperparameters',
    load: async () => (await import('./search.js')).searchCommand,
  },
  {
    name: 'import',
    summary: 'import a Keras, TensorFlow.js, PyTorch or ONNX model',
    load: async () => (await import('./import.js')).importCommand,
  },
  {
    name: 'evaluate',
    summary: 'evaluate a checkpoint (also: mnist-eval)',
    load: async () => (await import('./evaluate.js')).evaluateCommand,
  },
  {
    name: 'embed',
    summary: 'export the embeddings of images, with 2-D projections',
    load: async () => (await import('./embed.js')).embedCommand,
  },
  {
    name: 'calibrate',
    summary: 'calibrate probabilities and set decision thresholds',
    load: async () => (await import('./calibrate.js')).calibrateCommand,
  },
  {
    name: 'deploy',
    summary: 'deploy a checkpoint: registry, ONNX, TFLite, web, Docker',
    load: async () => (await import('./deploy.js')).deployCommand,
  },
  {
    name: 'registry',
    summary: 'list, promote, roll back, sign and verify deployed models',
    load: async () => (await import('./registry.js')).registryCommand,
  },
  {
    name: 'audit',
    summary: 'verify, list or sign the audit log; attack a model’s privacy',
    load: async () => (await import('./audit.js')).auditCommand,
  },
  {
    name: 'signing',
    summary: 'create keys, sign models and verify signatures',
    load: async () => (await import('./signing.js')).signingCommand,
  },
  {
    name: 'policy',
    summary: 'set who may publish, approve and audit models',
    load: async () => (await import('./policy.js')).policyCommand,
  },
  {
    name: 'serve',
    summary: 'serve models over HTTP (Open Inference Protocol)',
    load: async () => (await import('./serve.js')).serveCommand,
  },
  {
    name: 'keys',
    summary: 'make keys, and encrypt or decrypt files (age)',
    load: async () => (await import('./keys.js')).keysCommand,
  },
  {
    name: 'tokens',
    summary: 'create, list and revoke access tokens of the server',
    load: async () => (await import('./tokens.js')).tokensCommand,
  },
  {
    name: 'predict',
    summary: 'classify image files, or all images in a folder',
    load: async () => (await import('./predict.js')).predictCommand,
  },
  {
    name: 'encrypted',
    summary: 'make keys, encrypt images and decrypt answers',
    load: async () => (await import('./encrypted.js')).encryptedCommand,
  },
  {
    name: 'explain',
    summary: 'explain predictions with heat maps',
    load: async () => (await import('./explain.js')).explainCommand,
  },
  {
    name: 'runs',
    summary: 'list, compare and prune training runs',
    load: async () => (await import('./runs.js')).runsCommand,
  },
  {
    name: 'models',
    summary: 'list the model architectures, their accuracy and options',
    load: async () => (await import('./models.js')).modelsCommand,
  },
  {
    name: 'datasets',
    summary: 'list data sets, or show one',
    load: async () => (await import('./datasets.js')).datasetsCommand,
  },
  {
    name: 'runtime',
    summary: 'install, list or remove the TensorFlow runtime, and MPI',
    load: async () => (await import('./runtime.js')).runtimeCommand,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('../completion/command.js')).completionCommand,
  },
  {
    name: 'doctor',
    summary: 'check this machine and suggest fixes',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
];
