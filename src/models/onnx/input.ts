import { elementCount, pixelsPerImage, type ImageShape } from '../../core/images.js';
import { toHalf } from '../../core/numerics/half.js';
import type { SessionRequest } from '../../engine/onnx-runtime/session.js';
import type { OnnxSettings } from './settings.js';

/**
 * The input of a model for some images.
 *
 * @param images scaled, one after the other: [count, height, width, channels]
 * @param count how many images the input is to have; where there are fewer, the rest is 0
 */
export function inputOf(
  images: Float32Array,
  count: number,
  shape: ImageShape,
  settings: OnnxSettings,
): SessionRequest['input'] {
  const { name, type, sizes } = settings.input;
  const values = new Float32Array(count * elementCount(sizes));
  arrange(images, values, shape, settings);
  return { name, type, shape: [count, ...sizes], values: converters[type](values) };
}

const converters: Readonly<
  Record<OnnxSettings['input']['type'], (values: Float32Array) => SessionRequest['input']['values']>
> = {
  float32: (values) => values,
  float64: (values) => Float64Array.from(values),
  float16: toHalf,
  // Views of an image have pixels between two whole numbers.
  uint8: (values) => Uint8Array.from(Uint8ClampedArray.from(values)),
};

/** Normalises each value, and puts it where the model has it. */
function arrange(
  images: Float32Array,
  values: Float32Array,
  shape: ImageShape,
  { layout, order, mean, std }: OnnxSettings,
): void {
  const { channels } = shape;
  const size = pixelsPerImage(shape);
  const area = size / channels;
  for (let channel = 0; channel < channels; channel++) {
    const at = order === 'BGR' ? channels - 1 - channel : channel;
    const [shift, divisor] = [ofChannel(mean, at, 0), ofChannel(std, at, 1)];
    const [first, step] = layout === 'NCHW' ? [at * area, 1] : [at, channels];
    for (let start = 0; start < images.length; start += size) {
      let [from, to] = [start + channel, start + first];
      for (let pixel = 0; pixel < area; pixel++, from += channels, to += step) {
        values[to] = (images[from]! - shift) / divisor;
      }
    }
  }
}

/** The number for a channel: one number is that of all. */
function ofChannel(numbers: readonly number[], channel: number, otherwise: number): number {
  return numbers[channel] ?? numbers[0] ?? otherwise;
}
