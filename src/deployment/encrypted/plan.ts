import type { ImageShape } from '../../core/images.js';
import { coveredSize } from '../../models/layers/covered-size.js';

/**
 * How a matrix is multiplied with a vector in the slots of a ciphertext, where only all slots together can be rotated and multiplied: by
 * diagonals (Halevi and Shoup, "Algorithms in HElib", 2014). Every element is repeated in `unit` neighbouring slots, which are `unit`
 * problems side by side. Vectors fill the slots by repetition, so that rotations wrap around.
 */
export interface CyclicProduct {
  /** The rows and columns of the matrix, filled up with zeros to powers of two. */
  readonly outputs: number;
  readonly inputs: number;
  readonly unit: number;
  /** The number of diagonals: the smaller of outputs and inputs. */
  readonly diagonals: number;
  /** The number of rotations of the input that all groups of diagonals share (baby steps); each group is one giant step. */
  readonly babySteps: number;
  /** The rotations that add up the parts of each output, where there are more inputs than outputs. */
  readonly folds: readonly number[];
}

/** How a square net is computed in slots. */
export interface Plan {
  readonly slots: number;
  /** The positions of the window: rows, columns, and their number filled up to a power of two. */
  readonly places: { readonly rows: number; readonly columns: number; readonly padded: number };
  /** The pixels of a window, filled up to a power of two. */
  readonly taps: number;
  /** The convolution, the dense layer and the output layer. */
  readonly layers: readonly [CyclicProduct, CyclicProduct, CyclicProduct];
  /** The rotations that keys are needed for, ascending: powers of two. */
  readonly rotations: readonly number[];
}

/** What a plan depends on. */
export interface PlannedNet {
  readonly shape: ImageShape;
  readonly options: {
    readonly filters: readonly number[];
    readonly kernelSize: number;
    readonly stride: number;
    readonly denseUnits: number;
  };
  readonly classes: number;
}

/** Plans the computation of a square net in some number of slots, or says why it does not fit. */
export function planSquareNet({ shape, options, classes }: PlannedNet, slots: number): Plan | string {
  const { kernelSize, stride, denseUnits } = options;
  const [filters] = options.filters;
  const { height, width } = coveredSize(shape, options);
  const [rows, columns] = [height, width].map((size) => (size - kernelSize) / stride + 1) as [number, number];
  const places = powerOfTwo(rows * columns);
  const taps = powerOfTwo(kernelSize ** 2 * shape.channels);
  const maps = powerOfTwo(filters!);
  const units = powerOfTwo(denseUnits);
  const needs: [string, number][] = [
    [`${rows}×${columns} windows of ${kernelSize}×${kernelSize}×${shape.channels}`, places * taps],
    [`${rows}×${columns} positions of ${filters} filters`, places * maps],
    [`${denseUnits} units`, units],
    [`${classes} classes`, powerOfTwo(classes)],
  ];
  const tooLarge = needs.find(([, needed]) => needed > slots);
  if (tooLarge) return `${tooLarge[0]} need ${tooLarge[1]} slots of a ciphertext, which has ${slots}`;
  const layers = [
    cyclicProduct(maps, taps, places),
    cyclicProduct(units, maps * places, 1),
    cyclicProduct(powerOfTwo(classes), units, 1),
  ] as const;
  return { slots, places: { rows, columns, padded: places }, taps, layers, rotations: rotationsOf(layers) };
}

/** The least power of two that is not below a number. */
function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}

function cyclicProduct(outputs: number, inputs: number, unit: number): CyclicProduct {
  const diagonals = Math.min(outputs, inputs);
  // As many baby steps as giant steps, or half as many: giant steps are cheaper, for they come after a prime was dropped.
  const babySteps = 2 ** Math.floor(Math.log2(diagonals) / 2);
  const folds: number[] = [];
  for (let step = outputs; step < inputs; step *= 2) folds.push(step * unit);
  return { outputs, inputs, unit, diagonals, babySteps, folds };
}

function rotationsOf(layers: readonly CyclicProduct[]): number[] {
  const all = layers.flatMap(({ unit, diagonals, babySteps, folds }) => [
    ...(babySteps > 1 ? [unit] : []),
    ...(diagonals > babySteps ? [unit * babySteps] : []),
    ...folds,
  ]);
  return [...new Set(all)].sort((a, b) => a - b);
}
