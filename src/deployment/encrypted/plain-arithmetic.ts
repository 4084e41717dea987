import type { PackedLayer } from './matrices.js';
import type { Arithmetic, ReadyLayer } from './forward.js';
import type { Plan } from './plan.js';

/** The arithmetic of slots without encryption: what encrypted results are compared with. */
export const plainArithmetic: Arithmetic<Float64Array, Float32Array> = {
  rotate(vector, slots) {
    const rotated = new Float64Array(vector.length);
    rotated.set(vector.subarray(slots));
    rotated.set(vector.subarray(0, slots), vector.length - slots);
    return rotated;
  },
  weightedSum(vectors, weights) {
    const sum = new Float64Array(vectors[0]!.length);
    weights.forEach((own, index) => {
      const vector = vectors[index]!;
      if (own) for (let slot = 0; slot < sum.length; slot++) sum[slot]! += vector[slot]! * own[slot]!;
    });
    return sum;
  },
  add(vector, other) {
    for (let slot = 0; slot < vector.length; slot++) vector[slot]! += other[slot]!;
  },
  addWeights(vector, weights) {
    for (let slot = 0; slot < vector.length; slot++) vector[slot]! += weights[slot]!;
  },
  square(vector) {
    for (let slot = 0; slot < vector.length; slot++) vector[slot]! *= vector[slot]!;
  },
  free: () => undefined,
};

/** Packed layers for this arithmetic. */
export function plainLayers(packed: readonly PackedLayer[], plan: Plan): ReadyLayer<Float32Array>[] {
  return packed.map((layer, index) => ({ ...layer, product: plan.layers[index]! }));
}
