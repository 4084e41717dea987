import type { CyclicProduct } from './plan.js';

/** What can be computed with vectors in slots, encrypted or not. `rotate` and `weightedSum` give a new vector; the others change theirs. */
export interface Arithmetic<Vector, Weights> {
  /** Moves every number some slots to the front; the first ones go to the end. */
  rotate(vector: Vector, slots: number): Vector;
  /** The sum of vectors, each multiplied with numbers; undefined weights are zeros, of which not all are. */
  weightedSum(vectors: readonly Vector[], weights: readonly (Weights | undefined)[]): Vector;
  add(vector: Vector, other: Vector): void;
  addWeights(vector: Vector, weights: Weights): void;
  square(vector: Vector): void;
  /** Frees vectors that are no longer needed. */
  free(...vectors: readonly Vector[]): void;
}

/** A layer whose numbers are ready for an arithmetic. */
export interface ReadyLayer<Weights> {
  product: CyclicProduct;
  /** By diagonal; undefined for those that are zero. */
  diagonals: readonly (Weights | undefined)[];
  bias: Weights;
}

/** Computes a square net: layers, with squares between them. The input is freed. */
export function forward<Vector, Weights>(
  arithmetic: Arithmetic<Vector, Weights>,
  layers: readonly ReadyLayer<Weights>[],
  input: Vector,
): Vector {
  return layers.reduce((vector, layer, index) => {
    if (index > 0) arithmetic.square(vector);
    const output = multiply(arithmetic, layer, vector);
    arithmetic.free(vector);
    for (const step of layer.product.folds) addRotated(arithmetic, output, output, step);
    arithmetic.addWeights(output, layer.bias);
    return output;
  }, input);
}

/** The sum over all diagonals, from the last giant step to the first, each of which rotates the sum so far. */
function multiply<Vector, Weights>(
  arithmetic: Arithmetic<Vector, Weights>,
  { product, diagonals }: ReadyLayer<Weights>,
  input: Vector,
): Vector {
  const { unit, babySteps } = product;
  const rotated = [input];
  while (rotated.length < babySteps) rotated.push(arithmetic.rotate(rotated.at(-1)!, unit));
  let sum: Vector | undefined;
  for (let first = diagonals.length - babySteps; first >= 0; first -= babySteps) {
    const weights = diagonals.slice(first, first + babySteps);
    const isZero = weights.every((weight) => weight === undefined);
    const own = isZero ? undefined : arithmetic.weightedSum(rotated, weights);
    if (!sum) sum = own;
    else if (own) {
      addRotated(arithmetic, own, sum, unit * babySteps);
      arithmetic.free(sum);
      sum = own;
    } else {
      const moved = arithmetic.rotate(sum, unit * babySteps);
      arithmetic.free(sum);
      sum = moved;
    }
  }
  arithmetic.free(...rotated.slice(1));
  if (!sum) throw new Error('all weights of a layer are zero');
  return sum;
}

function addRotated<Vector>(
  arithmetic: Arithmetic<Vector, unknown>,
  to: Vector,
  vector: Vector,
  slots: number,
): void {
  const rotated = arithmetic.rotate(vector, slots);
  arithmetic.add(to, rotated);
  arithmetic.free(rotated);
}
