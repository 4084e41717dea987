import type { CheckpointDescription } from '../../src/artifacts/checkpoint.js';

/** The description of a checkpoint of some run, as complete as training writes it. */
export function checkpointDescription(changes: Partial<CheckpointDescription> = {}): CheckpointDescription {
  return {
    format: 'mnist-train/checkpoint',
    version: 1,
    toolkit: '0.1.0',
    run: 'first',
    kind: 'last',
    createdAt: '2026-01-02T03:04:05.678Z',
    config: { model: 'mlp', hiddenLayers: [2] },
    model: { name: 'mlp', description: '4-2-2, relu', parameters: 16 },
    classNames: ['no', 'yes'],
    shape: { height: 2, width: 2, channels: 1 },
    preprocessing: { scaling: 'zero-one', scale: 1 / 255, offset: 0 },
    data: {
      dataset: 'mine',
      fingerprint: 'f'.repeat(64),
      validationSplit: 0.1,
      splitSeed: 1,
      trainingImages: 9,
      validationImages: 1,
    },
    random: { seed: 1, generator: 'xoshiro128**' },
    progress: {
      step: 3,
      history: [
        {
          epoch: 1,
          loss: 0.5,
          accuracy: 0.75,
          validation: { loss: 0.6, accuracy: 0.7 },
          learningRate: 0.001,
          seconds: 1.5,
          imagesPerSecond: 6,
        },
      ],
      partial: { batches: 0, loss: 0, correct: 0, images: 0, seconds: 0 },
    },
    machine: {
      backend: 'cpu',
      backendVersion: '4.22.0',
      device: 'CPU',
      threads: 1,
      node: 'v20.0.0',
      execution: null,
    },
    ...changes,
  };
}
