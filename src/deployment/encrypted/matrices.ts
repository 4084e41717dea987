import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { loadFloats } from '../../artifacts/safetensors.js';
import { NORMALIZATION_EPSILON } from '../../models/layers/batch-normalization.js';
import { squareNetLayers } from '../../models/square-net.js';
import type { CyclicProduct, Plan } from './plan.js';

/** A layer as numbers in slots: its diagonals, in groups of baby steps, and its biases. */
export interface PackedLayer {
  /** [diagonals, slots], each already rotated back by the giant step of its group. */
  readonly diagonals: readonly Float32Array[];
  readonly bias: Float32Array;
}

/** The weights of a checkpoint. */
type Weights = Pick<Checkpoint, 'tensors'>;

/** A matrix of some real size, by row and column, with a bias for each row. */
interface AffineMap {
  weight: (output: number, input: number) => number;
  bias: (output: number) => number;
}

/** Folds the normalisations of a square net into its weights, and packs these for a plan. */
export function packSquareNet(checkpoint: Weights, plan: Plan): PackedLayer[] {
  const maps = [convolutionOf(checkpoint), denseOf(checkpoint, plan), outputOf(checkpoint)];
  return maps.map((map, index) => pack(map, plan.layers[index]!, plan.slots));
}

function convolutionOf(checkpoint: Weights): AffineMap {
  const { kernel, norm } = normalizedLayer(checkpoint, squareNetLayers.convolution);
  const filters = norm.factor.length;
  const taps = kernel.length / filters;
  return {
    weight: (filter, tap) =>
      filter < filters && tap < taps ? kernel[tap * filters + filter]! * norm.factor[filter]! : 0,
    bias: (filter) => norm.bias[filter] ?? 0,
  };
}

function denseOf(checkpoint: Weights, { places }: Plan): AffineMap {
  const { kernel, norm } = normalizedLayer(checkpoint, squareNetLayers.dense);
  const units = norm.factor.length;
  const real = places.rows * places.columns;
  const filters = kernel.length / units / real;
  return {
    // The slots hold one map after the other; the checkpoint has the values of all maps at one place side by side.
    weight(unit, input) {
      const [filter, place] = [Math.floor(input / places.padded), input % places.padded];
      if (unit >= units || filter >= filters || place >= real) return 0;
      return kernel[(place * filters + filter) * units + unit]! * norm.factor[unit]!;
    },
    bias: (unit) => norm.bias[unit] ?? 0,
  };
}

function outputOf(checkpoint: Weights): AffineMap {
  const name = squareNetLayers.output;
  const kernel = floatsOf(checkpoint, `${name}/kernel`);
  const bias = floatsOf(checkpoint, `${name}/bias`);
  const classes = bias.length;
  const units = kernel.length / classes;
  return {
    weight: (output, unit) => (output < classes && unit < units ? kernel[unit * classes + output]! : 0),
    bias: (output) => bias[output] ?? 0,
  };
}

/** A layer's kernel, and the normalisation after it as a factor and a bias for each output. */
function normalizedLayer(
  checkpoint: Weights,
  name: string,
): { kernel: Float32Array; norm: { factor: Float64Array; bias: Float64Array } } {
  const [kernel, scale, offset, mean, variance] = [
    'kernel',
    'scale',
    'offset',
    'moving-mean',
    'moving-variance',
  ].map((part) => floatsOf(checkpoint, `${name}/${part}`)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const factor = Float64Array.from(
    scale,
    (value, index) => value / Math.sqrt(variance[index]! + NORMALIZATION_EPSILON),
  );
  const bias = Float64Array.from(offset, (value, index) => value - mean[index]! * factor[index]!);
  return { kernel, norm: { factor, bias } };
}

function floatsOf({ tensors }: Weights, name: string): Float32Array {
  const stored = tensors.get(`parameters/${name}`);
  if (!stored) throw new Error(`the checkpoint has no parameter ${name}`);
  return loadFloats(stored);
}

function pack({ weight, bias }: AffineMap, layer: CyclicProduct, slots: number): PackedLayer {
  const { outputs, inputs, unit, babySteps } = layer;
  const fill = (value: (row: number) => number): Float32Array =>
    Float32Array.from({ length: slots }, (_, slot) => value(Math.floor(slot / unit)));
  return {
    diagonals: Array.from({ length: layer.diagonals }, (_, diagonal) => {
      const giantStep = Math.floor(diagonal / babySteps) * babySteps;
      // The sum of a group is rotated by its giant step, so what belongs to a row lies that many rows before it.
      return fill((row) => {
        const target = row - giantStep + slots / unit;
        return weight(target % outputs, (target + diagonal) % inputs);
      });
    }),
    bias: fill((row) => bias(row % outputs)),
  };
}
