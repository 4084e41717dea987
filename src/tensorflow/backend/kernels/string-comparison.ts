import {
  broadcast_util,
  Greater,
  GreaterEqual,
  Less,
  LessEqual,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import { improveKernel, type KernelCall, type Value } from './kernel-call.js';

/** What the order of two strings has to be for each comparison: negative, 0 or positive, as from a comparator. */
const COMPARISONS: readonly (readonly [string, (order: number) => boolean])[] = [
  [Greater, (order) => order > 0],
  [GreaterEqual, (order) => order >= 0],
  [Less, (order) => order < 0],
  [LessEqual, (order) => order <= 0],
];

/** Comparisons of strings, which TensorFlow can only tell equal or different: done in JavaScript, byte by byte. */
export function registerStringComparisons(): void {
  for (const [kernel, holds] of COMPARISONS) {
    improveKernel(kernel, ({ inputs }) => {
      const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
      return a.dtype === 'string' && b.dtype === 'string' ? (call) => compare(call, holds) : undefined;
    });
  }
}

function compare(call: KernelCall, holds: (order: number) => boolean): Value {
  const [a, b] = [call.input('a'), call.input('b')];
  const shape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const [left, right] = [a, b].map((value) =>
    call.strings(call.run('BroadcastTo', [value, call.integers(shape)])),
  );
  return call.booleans(
    left!.map((value, index) => holds(Buffer.compare(value, right![index]!))),
    shape,
  );
}
