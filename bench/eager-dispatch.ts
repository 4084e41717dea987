// How long eager mode takes for an operation that computes next to nothing, beside Python TensorFlow's:
//   npm run bench:eager -- [ROUNDS] [PYTHON]
// PYTHON needs tensorflow (bench/install-peers.mjs); without it, only ours is measured.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { add, tensor1d, type Tensor } from '@tensorflow/tfjs-core';

import { useTensorFlowBackend } from '../src/tensorflow/backend/tfjs-backend.js';
import { openTensorFlow } from '../test/support/tensorflow.js';
import { median, medianRatio } from './statistics.js';

const CHAIN = 10_000;
const PYTHON_CHAIN = `
import os, sys, time
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import tensorflow as tf
a, b = tf.constant([1.0] * 10), tf.constant([0.5] * 10)
for line in sys.stdin:
    start = time.perf_counter()
    x = a
    for _ in range(${CHAIN}):
        x = tf.add(x, b)
    x.numpy()
    print((time.perf_counter() - start) / ${CHAIN} * 1e6, flush=True)
`;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Microseconds for each operation of a chain. */
function ours(a: Tensor, b: Tensor): number {
  const since = performance.now();
  let x = a.clone();
  for (let count = 0; count < CHAIN; count++) {
    const sum = add(x, b);
    // Python frees what is no longer named, too.
    x.dispose();
    x = sum;
  }
  x.dataSync();
  x.dispose();
  return ((performance.now() - since) / CHAIN) * 1000;
}

/** A Python process that measures the same chain, each time that it is asked to. */
function startPython(python: string): { measure: () => Promise<number>; stop: () => void } {
  const child = spawn(python, ['-c', PYTHON_CHAIN], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async measure() {
      child.stdin.write('\n');
      const line = await lines.next();
      if (line.done) throw new Error(`${python} has no tensorflow`);
      return Number(line.value);
    },
    stop: () => void child.kill(),
  };
}

const rounds = Number(process.argv[2] ?? '15');
const python = process.argv[3] === undefined ? undefined : startPython(process.argv[3]);
await useTensorFlowBackend(await openTensorFlow());
const [a, b] = [tensor1d(new Float32Array(10).fill(1)), tensor1d(new Float32Array(10).fill(0.5))];
const times = { ours: [] as number[], python: [] as number[] };
// The first rounds warm both up.
for (let round = -3; round < rounds; round++) {
  const [mine, theirs] = [ours(a, b), (await python?.measure()) ?? Number.NaN];
  if (round < 0) continue;
  times.ours.push(mine);
  times.python.push(theirs);
}
python?.stop();
print(`a tf.add of 10 numbers, median of ${rounds} chains of ${CHAIN}: ${median(times.ours).toFixed(2)} µs`);
if (python) {
  print(`Python TensorFlow: ${median(times.python).toFixed(2)} µs`);
  print(`ours takes ${medianRatio(times.ours, times.python).toFixed(3)} of its time`);
}
