import { attribute, type NodeAttribute } from '../../c-api/graph-builder.js';
import type { KernelCall, Value } from './kernel-call.js';

/** A spatial axis of an image over which a window slides. */
export interface WindowAxis {
  /** The size of the input. */
  readonly input: number;
  readonly output: number;
  /** From the first to the last element of the window, with what dilation leaves out. */
  readonly window: number;
  readonly stride: number;
  /** Padding before the first element. */
  readonly before: number;
}

/** What `backend_util.computeConv2DInfo` and `computePool2DInfo` return, as far as it matters here. */
interface Geometry2D {
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly effectiveFilterHeight: number;
  readonly effectiveFilterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padInfo: { readonly top: number; readonly left: number };
}

/** The same for volumes. */
interface Geometry3D extends Geometry2D {
  readonly inDepth: number;
  readonly outDepth: number;
  readonly effectiveFilterDepth: number;
  readonly strideDepth: number;
  readonly padInfo: { readonly top: number; readonly left: number; readonly front: number };
}

/** Height and width. */
export function axesOf2D(geometry: Geometry2D): WindowAxis[] {
  return [
    {
      input: geometry.inHeight,
      output: geometry.outHeight,
      window: geometry.effectiveFilterHeight,
      stride: geometry.strideHeight,
      before: geometry.padInfo.top,
    },
    {
      input: geometry.inWidth,
      output: geometry.outWidth,
      window: geometry.effectiveFilterWidth,
      stride: geometry.strideWidth,
      before: geometry.padInfo.left,
    },
  ];
}

/** Depth, height and width. */
export function axesOf3D(geometry: Geometry3D): WindowAxis[] {
  const depth = {
    input: geometry.inDepth,
    output: geometry.outDepth,
    window: geometry.effectiveFilterDepth,
    stride: geometry.strideDepth,
    before: geometry.padInfo.front,
  };
  return [depth, ...axesOf2D(geometry)];
}

/** Whether TensorFlow pads as it is asked to: it knows "valid" and "same" alone, and rounds the output's size down. */
export function isUsualPadding(
  { pad, dimRoundingMode }: { pad: unknown; dimRoundingMode?: string | undefined },
  sizes: readonly number[],
  window: number | readonly number[],
): boolean {
  if (pad === 'same') return true;
  const isValid = pad === 'valid' || (pad === 0 && (dimRoundingMode ?? 'floor') === 'floor');
  return (
    isValid && sizes.every((size, axis) => size >= (typeof window === 'number' ? window : window[axis]!))
  );
}

/** Pads an image (its axes lie between batch and channels), or cuts its end, so that without padding the output has its size. */
export function fitInput(call: KernelCall, image: Value, axes: readonly WindowAxis[], fill?: Value): Value {
  const after = axes.map((axis) => fittedSize(axis) - axis.before - axis.input);
  const before = axes.map((axis) => axis.before);
  const padded = pad(
    call,
    image,
    before,
    after.map((count) => Math.max(count, 0)),
    fill,
  );
  if (after.every((count) => count >= 0)) return padded;
  return slice(
    call,
    padded,
    axes.map(() => 0),
    axes.map(fittedSize),
  );
}

/** The gradient of an image of that of what `fitInput` has made of it. */
export function unfitGradient(call: KernelCall, gradient: Value, axes: readonly WindowAxis[]): Value {
  const missing = axes.map((axis) => Math.max(axis.before + axis.input - fittedSize(axis), 0));
  const whole = pad(
    call,
    gradient,
    axes.map(() => 0),
    missing,
  );
  return slice(
    call,
    whole,
    axes.map(({ before }) => before),
    axes.map(({ input }) => input),
  );
}

/** The shape that `fitInput` gives to an image. */
export function fittedShape(shape: readonly number[], axes: readonly WindowAxis[]): number[] {
  return [shape[0]!, ...axes.map(fittedSize), shape.at(-1)!];
}

/** Attributes of a window that slides without padding. */
export function windowAttributes(
  strides: readonly number[],
  more: readonly NodeAttribute[] = [],
): NodeAttribute[] {
  return [
    attribute.integers('strides', [1, ...strides, 1]),
    attribute.text('padding', 'VALID'),
    attribute.text('data_format', strides.length === 2 ? 'NHWC' : 'NDHWC'),
    ...more,
  ];
}

function fittedSize({ output, stride, window }: WindowAxis): number {
  return (output - 1) * stride + window;
}

function pad(
  call: KernelCall,
  image: Value,
  before: readonly number[],
  after: readonly number[],
  fill?: Value,
): Value {
  if ([...before, ...after].every((count) => count === 0)) return image;
  const pairs = before.flatMap((count, axis) => [count, after[axis]!]);
  const paddings = call.integers([0, 0, ...pairs, 0, 0], [image.shape.length, 2]);
  return fill ? call.run('PadV2', [image, paddings, fill]) : call.run('Pad', [image, paddings]);
}

function slice(call: KernelCall, image: Value, begin: readonly number[], size: readonly number[]): Value {
  const bounds = [call.integers([0, ...begin, 0]), call.integers([-1, ...size, -1])];
  return call.run('Slice', [image, ...bounds]);
}
