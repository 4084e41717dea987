import { dispose, scalar, type Scalar, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';

import { trace, type Trace } from '../tracing/trace.js';
import { requireRepeatable } from '../tracing/traceable.js';
import { hostBatch, type DeviceImages } from './device-images.js';
import type { Coefficients, TrainingStep } from './program.js';

/** Traces a step with two different batches and coefficients, to detect values that depend on them. */
export function traceStep(
  step: TrainingStep,
  data: DeviceImages,
  batchSize: number,
  coefficients: Coefficients<number>,
): Trace {
  const names = Object.keys(coefficients);
  const record = (indexAt: (position: number) => number, factor: number): Trace => {
    const indices = Int32Array.from({ length: batchSize }, (_, position) => indexAt(position));
    const { images, labels } = hostBatch(data, indices);
    const scalars = Object.values(coefficients).map((value) => scalar(value * factor, 'float32'));
    try {
      return trace(
        ([images, labels, ...scalars]) => {
          const batch = { images: images as Tensor4D, labels: labels as Tensor1D };
          const named = Object.fromEntries(names.map((name, at) => [name, scalars[at] as Scalar]));
          const { loss, correct } = step(batch, named);
          return [loss, correct];
        },
        [images, labels, ...scalars],
      );
    } finally {
      dispose([images, labels, ...scalars]);
    }
  };
  const first = record((position) => position % data.count, 1);
  const second = record((position) => data.count - 1 - (position % data.count), 0.5);
  requireRepeatable(first, second);
  return first;
}
