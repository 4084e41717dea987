import {
  Add,
  backend_util,
  BatchMatMul,
  concat,
  Conv2D,
  DepthwiseConv2dNative,
  getGradient,
  mul,
  Multiply,
  reshape,
  sum,
  type Conv2DAttrs,
  type GradConfig,
  type NamedAttrMap,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
  type Variable,
} from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import { replaceGradient } from '../tracing/gradients.js';
import { notedByExample } from './collector.js';
import {
  explicitGradients,
  filterGradients,
  productGradients,
  type ExampleGradients,
} from './example-gradients.js';
import { patchesByOffset, patchesOf } from './patches.js';

/** Those of Conv2D and DepthwiseConv2dNative; tfjs's own calls leave out some. */
type ConvolutionAttributes = Omit<Conv2DAttrs, 'dataFormat' | 'dilations'> &
  Partial<Pick<Conv2DAttrs, 'dataFormat' | 'dilations'>>;

/** How an operation uses one of its inputs as a parameter, and what its gradients are made of. */
interface Use {
  parameter: Variable;
  examples: number;
  /** The other input. */
  other: Tensor;
  /** The gradient of the output. */
  dy: Tensor;
  attributes: NamedAttrMap;
  /** What tfjs computes. */
  ordinary: (dy: Tensor) => Tensor;
}

/** The gradients of a parameter by example; undefined where they are not known for such a use. */
type Rule = (use: Use) => ExampleGradients | undefined;

/** The operations through which parameters come into a model, as which inputs. Through any other, they come unseen, and the pass fails. */
const RULES: readonly [kernelName: string, parameters: readonly string[], rule: Rule][] = [
  [BatchMatMul, ['b'], product],
  [Add, ['a', 'b'], ({ dy, ...use }) => sharedByPlaces(use, dy)],
  [
    Multiply,
    ['a', 'b'],
    ({ dy, other, ...use }) => (isSameShape(dy, other) ? sharedByPlaces(use, mul(dy, other)) : undefined),
  ],
  [Conv2D, ['filter'], convolution],
  [DepthwiseConv2dNative, ['filter'], depthwiseConvolution],
];

/**
 * Differentiates with the rules: while a function runs, the gradients of these operations are wrapped. They are not wrapped once and for
 * all, because a program that loads `@tensorflow/tfjs` later would replace them: it registers all of its own gradients.
 */
export function withRules<Result>(run: () => Result): Result {
  const originals = RULES.map(([kernelName]) => getGradient(kernelName));
  RULES.forEach(([, parameters, rule], index) => {
    replaceGradient(wrapped(originals[index]!, parameters, rule));
  });
  try {
    return run();
  } finally {
    originals.forEach(replaceGradient);
  }
}

/** Wraps the gradient of an operation with two inputs: tfjs saves both. */
function wrapped(original: GradConfig, parameters: readonly string[], rule: Rule): GradConfig {
  const names = original.inputsToSave!;
  return {
    ...original,
    gradFunc: (dy, saved, attributes) => {
      const gradients = original.gradFunc(dy, saved, attributes);
      const watched = parameters.map((name) => {
        const place = names.indexOf(name);
        const gradient = gradients[name]!;
        const noted = (): Tensor | undefined =>
          notedByExample(saved[place]!, ({ parameter, examples, hold }) => {
            const [held, heldDy] = [saved.map(hold), hold(dy as Tensor)];
            return () =>
              rule({
                ...{ parameter, examples, attributes },
                ...{ other: held[1 - place]!, dy: heldDy },
                ordinary: (other) => original.gradFunc(other, held, attributes)[name]!(),
              });
          });
        return [name, () => noted() ?? gradient()];
      });
      return { ...gradients, ...(Object.fromEntries(watched) as typeof gradients) };
    },
  };
}

/** X · W: the rows of an example, its tokens, are next to each other. */
function product({ parameter, examples, other, dy, attributes }: Use): ExampleGradients | undefined {
  const isPlain = attributes['transposeA'] !== true && attributes['transposeB'] !== true;
  if (!isPlain || other.rank !== 2 || parameter.rank !== 2) return undefined;
  return productGradients(
    byExample(other, examples, parameter.shape[0]),
    byExample(dy, examples, parameter.shape[1]!),
    parameter.shape,
  );
}

/** A vector, or the positions of a sequence, that is the same for all places of an example: the sum over these. */
function sharedByPlaces(
  { parameter: { shape, rank, size }, examples }: Pick<Use, 'parameter' | 'examples'>,
  gradients: Tensor,
): ExampleGradients | undefined {
  const isTrailing = gradients.rank > rank && gradients.shape.slice(-rank).join() === shape.join();
  if (!isTrailing || gradients.shape[0] % examples !== 0) return undefined;
  const places = byExample(gradients, examples, size);
  return explicitGradients(places.shape[1] === 1 ? reshape(places, [examples, size]) : sum(places, 1), shape);
}

function convolution(use: Use): ExampleGradients | undefined {
  const info = infoOf(use, false);
  if (!info) return undefined;
  const { parameter, other, dy, ordinary } = use;
  const outputs = byExample(dy, use.examples, parameter.shape[3]!);
  return filterGradients(patchesOf(other as Tensor4D, info), outputs, parameter.shape, (weighted) =>
    ordinary(reshape(weighted, dy.shape)),
  );
}

/** Each filter sees one channel: the sum of the products over the places, for each offset in the filter. */
function depthwiseConvolution(use: Use): ExampleGradients | undefined {
  const info = infoOf(use, true);
  if (!info) return undefined;
  const { parameter, examples, dy } = use;
  const [, , channels, multiplier] = parameter.shape as [number, number, number, number];
  const places = elementCount(dy.shape) / (examples * channels * multiplier);
  const outputs = reshape(dy, [examples, places, channels, multiplier]);
  const parts = patchesByOffset(use.other as Tensor4D, info).map((part) =>
    sum(mul(reshape(part, [examples, places, channels, 1]), outputs), 1, false),
  );
  const joined = concat(
    parts.map((part) => reshape(part, [examples, channels * multiplier])),
    1,
  );
  return explicitGradients(joined, parameter.shape);
}

/** The sizes of a convolution; undefined for those that are not known here. */
function infoOf(
  { parameter, examples, other, attributes }: Use,
  isDepthwise: boolean,
): backend_util.Conv2DInfo | undefined {
  const input = other as Tensor4D;
  const {
    strides,
    pad: padding,
    dataFormat = 'NHWC',
    dilations,
    dimRoundingMode,
  } = attributes as unknown as ConvolutionAttributes;
  const isDense = [dilations].flat().every((dilation) => dilation === undefined || dilation === 1);
  if (!isDense || dataFormat !== 'NHWC' || input.shape[0] !== examples) return undefined;
  return backend_util.computeConv2DInfo(
    input.shape,
    parameter.shape as [number, number, number, number],
    strides,
    1,
    padding,
    dimRoundingMode,
    isDepthwise,
  );
}

/** [n, places, size]: what belongs to an example lies together. */
function byExample(values: Tensor, examples: number, size: number): Tensor3D {
  return reshape(values, [examples, elementCount(values.shape) / (examples * size), size]);
}

function isSameShape(first: Tensor, second: Tensor): boolean {
  return first.shape.join() === second.shape.join();
}
