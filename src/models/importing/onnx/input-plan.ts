import { valueInWords } from '../../../artifacts/foreign/onnx/read.js';
import type { OnnxValue } from '../../../artifacts/foreign/onnx/types.js';
import { elementCount, pixelsPerImage, type ImageShape } from '../../../core/images.js';
import { inputTypes, layouts, type OnnxSettings } from '../../onnx/settings.js';
import type { OnnxPreprocessing } from './preprocessing.js';
import type { Refuse } from './refuse.js';

type Layout = OnnxSettings['layout'];
type Size = number | string | undefined;

/** How images become a model's input. */
export interface InputPlan {
  shape: ImageShape;
  layout: Layout;
  input: OnnxSettings['input'];
}

const sideNames: Readonly<Record<Layout, readonly (keyof ImageShape)[]>> = {
  NHWC: ['height', 'width', 'channels'],
  NCHW: ['channels', 'height', 'width'],
};

/** More images at a time than any classifier is exported for. */
const MOST_BATCH = 1024;
/** 512 MiB of floats. */
const MOST_VALUES = 2 ** 27;

/** Compares the input of a model with what is said about it. Refuses what does not fit, and names it. */
export function planInput(
  inputs: readonly OnnxValue[],
  described: OnnxPreprocessing,
  refuse: Refuse,
): InputPlan {
  const [value, ...others] = inputs;
  if (!value || others.length > 0) {
    const named = inputs.map(({ name }) => `"${name}"`).join(', ');
    return refuse(`it has ${inputs.length} inputs${named && ` (${named})`}; a classifier of images has one`);
  }
  const type = inputTypes.find((name) => name === value.type);
  const found = `its input "${value.name}" is ${valueInWords(value)}`;
  if (!type) return refuse(`${found}; images are given as float32, float64, float16 or uint8`);
  const [first, ...sizes] = value.shape ?? refuse(`${found}; a shape is needed`);
  const batch = typeof first === 'number' ? first : null;
  if (batch !== null && batch > MOST_BATCH) {
    refuse(`${found}: ${batch} images at a time; the limit is ${MOST_BATCH}`);
  }
  const { shape, layout } = shapeOf(sizes, described, found, refuse);
  if (pixelsPerImage(shape) * (batch ?? 1) > MOST_VALUES) refuse(`${found}, more than ${MOST_VALUES} values`);
  const known = sizes.length === 1 ? [pixelsPerImage(shape)] : sidesOf(shape, layout, sizes.length);
  return { shape, layout, input: { name: value.name, type, sizes: known, batch } };
}

function sidesOf(shape: ImageShape, layout: Layout, count: number): number[] {
  // Without channels, an image is grey.
  return count === 2 ? [shape.height, shape.width] : sideNames[layout].map((side) => shape[side]);
}

function shapeOf(
  sizes: readonly Size[],
  described: OnnxPreprocessing,
  found: string,
  refuse: Refuse,
): { shape: ImageShape; layout: Layout } {
  if (sizes.length === 1) return flatShape(sizes[0], described, found, refuse);
  if (sizes.length === 2) {
    const shape = measured([...sizes, 1], 'NHWC', described, found, refuse);
    return { shape, layout: 'NHWC' };
  }
  if (sizes.length !== 3) {
    return refuse(
      `${found}; it should have the number of images, and height, width and channels in some order`,
    );
  }
  const layout = described.layout ?? layoutOf(sizes, described, found, refuse);
  return { shape: measured(sizes, layout, described, found, refuse), layout };
}

/** The only layout with a number of channels that images have. */
function layoutOf(
  sizes: readonly Size[],
  { channels }: OnnxPreprocessing,
  found: string,
  refuse: Refuse,
): Layout {
  const possible = layouts.filter((layout) => {
    const size = sizes[sideNames[layout].indexOf('channels')];
    return typeof size === 'number' && (size === 1 || size === 3) && size === (channels ?? size);
  });
  const [layout, other] = possible;
  if (layout && !other) return layout;
  return refuse(
    `${found}, which does not show where the channels are`,
    'say "layout": "NCHW" (as PyTorch) or "layout": "NHWC" (as TensorFlow) in the preprocessing file',
  );
}

/** The sizes that the model or its description names; where both do, they must agree. */
function measured(
  sizes: readonly Size[],
  layout: Layout,
  described: OnnxPreprocessing,
  found: string,
  refuse: Refuse,
): ImageShape {
  const sides = sideNames[layout].map((side, index): [keyof ImageShape, number] => {
    const [size, said] = [sizes[index], described[side]];
    if (typeof size === 'number' && said !== undefined && size !== said) {
      return refuse(
        `${found}: its ${side} is ${size} with layout ${layout}, and ${said} is given`,
        `correct "${side}" or "layout" in the preprocessing file`,
      );
    }
    const known = typeof size === 'number' ? size : said;
    if (known !== undefined) return [side, known];
    return refuse(`${found}, which leaves its ${side} open`, `say "${side}": … in the preprocessing file`);
  });
  const shape = Object.fromEntries(sides) as unknown as ImageShape;
  if (shape.channels === 1 || shape.channels === 3) return shape;
  return refuse(
    `${found}: ${shape.channels} channels with layout ${layout}; images have 1 or 3`,
    'correct "layout" in the preprocessing file',
  );
}

/** Of a model that takes a list of pixels: what is said, or else a grey square. */
function flatShape(
  size: Size,
  described: OnnxPreprocessing,
  found: string,
  refuse: Refuse,
): { shape: ImageShape; layout: Layout } {
  const { channels = 1, layout } = described;
  const side = typeof size === 'number' ? Math.sqrt(size / channels) : undefined;
  const { height = side, width = side } = described;
  if (height === undefined || width === undefined || !Number.isInteger(height) || !Number.isInteger(width)) {
    return refuse(`${found}, which is no square`, 'say "height" and "width" in the preprocessing file');
  }
  if (typeof size === 'number' && elementCount([height, width, channels]) !== size) {
    return refuse(`${found}, and ${height}×${width}×${channels} values are given`);
  }
  if (channels === 1) return { shape: { height, width, channels }, layout: 'NHWC' };
  if (layout) return { shape: { height, width, channels }, layout };
  return refuse(
    `${found}, which does not show the order of the colours`,
    'say "layout": "NCHW" (all of red first) or "NHWC" (the colours of each pixel together) in the preprocessing file',
  );
}
