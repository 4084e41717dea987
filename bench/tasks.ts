/** What is raced for. */
export interface Task {
  readonly name: string;
  readonly summary: string;
  readonly model: 'mlp' | 'cnn';
  readonly optimizer: 'sgd' | 'adam';
  /** Epochs of a round, where nobody says otherwise. */
  readonly epochs: number;
  /** Steps that tell a contestant's variants apart. */
  readonly qualifyingSteps: number;
}

const MLP = { model: 'mlp', epochs: 10, qualifyingSteps: 600 } as const;

export const tasks: readonly Task[] = [
  { name: 'mlp-sgd', summary: '784-128-64-10, SGD 0.01, the article’s', optimizer: 'sgd', ...MLP },
  { name: 'mlp-adam', summary: '784-128-64-10, Adam 0.001', optimizer: 'adam', ...MLP },
  {
    name: 'cnn',
    summary: 'conv32-conv64-pool-dense128 with dropout, Adam 0.001, the net of PyTorch’s example',
    model: 'cnn',
    optimizer: 'adam',
    // An epoch takes a minute; the first one, with what is done once, does not count.
    epochs: 2,
    qualifyingSteps: 60,
  },
];

export const BATCH_SIZE = 100;
export const TRAINING_IMAGES = 60_000;
export const STEPS_PER_EPOCH = TRAINING_IMAGES / BATCH_SIZE;
export const LEARNING_RATES = { sgd: 0.01, adam: 0.001 } as const;

const MLP_SIZES = [784, 128, 64, 10];

/**
 * Floating-point operations of the matrix products in an epoch of the MLP: for each weight and image 2 in the forward pass, 2 for
 * the weight's gradient, and 2 for the gradient of the layer's input, which the first layer does not need.
 */
export function mlpFlopsPerEpoch(steps = STEPS_PER_EPOCH): number {
  const weights = MLP_SIZES.slice(1).map((units, layer) => units * MLP_SIZES[layer]!);
  const all = weights.reduce((sum, count) => sum + count, 0);
  return steps * BATCH_SIZE * (6 * all - 2 * weights[0]!);
}
