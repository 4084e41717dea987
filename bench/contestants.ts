import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { folders } from './folders.js';
import type { Task } from './tasks.js';

/** A way to run a contestant. */
export interface Variant {
  /** In a few words: "channels last, 2 threads". */
  readonly label: string;
  readonly arguments: readonly string[];
}

/** A program that trains and infers; of its variants, the one that proves fastest at a task races. */
export interface Contestant {
  readonly name: string;
  readonly summary: string;
  readonly command: readonly string[];
  readonly variants: (task: Task) => readonly Variant[];
}

/** The one that all ratios refer to. */
export const OURS = 'ours';

const cores = availableParallelism();

/** As many threads as there are cores, which all frameworks take by default; and one, which is faster for small kernels. */
const threadCounts = [...new Set([cores, 1])];

const withThreads = (label: string, threads: number, ...more: string[]): Variant => ({
  label: [label, `${threads} thread${threads === 1 ? '' : 's'}`].filter((part) => part !== '').join(', '),
  arguments: ['--threads', String(threads), ...more],
});

const python = (file: string): string[] => [folders.python, join(folders.contestants, file)];

export const contestants: readonly Contestant[] = [
  {
    name: OURS,
    summary: 'this toolkit, its step compiled, threads as a user gets them',
    command: [process.execPath, folders.ours, '--mode', 'compiled'],
    variants: () => [{ label: 'default', arguments: [] }],
  },
  {
    name: 'ours-eager',
    summary: 'this toolkit, operation by operation',
    command: [process.execPath, folders.ours, '--mode', 'eager'],
    variants: () => [{ label: 'default', arguments: [] }],
  },
  {
    name: 'pytorch-article',
    summary: 'PyTorch as the article has it: PIL images, transforms, DataLoader',
    command: python('pytorch_article.py'),
    variants: () => [withThreads('', cores)],
  },
  {
    name: 'pytorch',
    summary: 'PyTorch at its best: data in memory, the fastest of its settings',
    command: python('pytorch_memory.py'),
    variants: ({ model }) =>
      threadCounts.flatMap((threads) => [
        withThreads('eager', threads),
        withThreads('torch.compile', threads, '--compile'),
        ...(model === 'cnn'
          ? [
              withThreads('channels last', threads, '--channels-last'),
              withThreads('channels last, torch.compile', threads, '--channels-last', '--compile'),
            ]
          : []),
      ]),
  },
  {
    name: 'tensorflow',
    summary:
      'Python TensorFlow: tf.function with the loop in it, data in memory, the fastest of its settings',
    command: python('tensorflow_graph.py'),
    variants: () =>
      threadCounts.flatMap((threads) => [
        withThreads('graph', threads),
        withThreads('XLA', threads, '--xla'),
      ]),
  },
];
