import { z } from 'zod';

import { ToolkitError } from '../../../core/errors.js';
import type { ImageShape } from '../../../core/images.js';

const size = z.int().min(1).max(8192).nullable();
/** With the batch first. */
const batchShape = z.array(size).min(2).max(4);

const shaped = z.looseObject({
  batch_shape: batchShape.optional(),
  batch_input_shape: batchShape.optional(),
  input_shape: batchShape.optional(),
});

interface Layers {
  layers: readonly { config: unknown; [key: string]: unknown }[];
  build_input_shape?: unknown;
}

/** The shape of an example that a model takes, where it says so: null for sizes that it leaves open. */
export function inputShapeOf({ layers, build_input_shape: built }: Layers): (number | null)[] | undefined {
  const [first] = layers;
  const config = shaped.safeParse(first?.config).data;
  const build = shaped.safeParse(first?.['build_config']).data;
  const found =
    config?.batch_shape ??
    config?.batch_input_shape ??
    batchShape.safeParse(built).data ??
    build?.input_shape;
  return found?.slice(1) ?? nestedShape(first);
}

/** That of a model which is the first layer of another. */
function nestedShape(first: Layers['layers'][number] | undefined): (number | null)[] | undefined {
  const inner = z.looseObject({ layers: z.array(z.looseObject({ config: z.unknown() })).min(1) });
  const parsed = inner.safeParse(first?.config);
  return parsed.success ? inputShapeOf(parsed.data) : undefined;
}

/** What is said of a model's images beside it. */
export interface ImageShapeOptions {
  path: string;
  size?: Partial<ImageShape> | undefined;
  open?: Partial<ImageShape> | undefined;
}

/** Whether a model leaves the height or the width of its images open. */
export function isSizeOpen(found: readonly (number | null)[] | undefined): boolean {
  return found === undefined || (found.length > 1 && found.slice(0, 2).includes(null));
}

/**
 * The images that a model takes, and the shape in which its first layer has them: an image, its rows without channels, or its pixels in
 * a list. Throws MODEL_UNSUPPORTED where neither the model nor the options say it.
 *
 * @param options `size` is what is said of the images beside the model, and `open` what counts for what nothing says
 */
export function requireImageShape(
  found: readonly (number | null)[] | undefined,
  { path, size: wanted = {}, open = {} }: ImageShapeOptions,
): { shape: ImageShape; given: readonly number[] } {
  const [height = null, width = null, channels = null] = found?.length === 1 ? [] : (found ?? []);
  const flat = found?.length === 1 ? (found[0] ?? undefined) : undefined;
  const guessed = flat === undefined ? {} : squareOf(flat);
  const shape = {
    height: height ?? wanted.height ?? guessed.height ?? open.height,
    width: width ?? wanted.width ?? guessed.width ?? open.width,
    channels:
      found?.length === 2 ? 1 : (channels ?? wanted.channels ?? guessed.channels ?? open.channels ?? 1),
  };
  if (shape.height === undefined || shape.width === undefined) {
    throw new ToolkitError('MODEL_UNSUPPORTED', {
      path,
      reason: 'it does not say how large its images are',
      hint: 'add --size WIDTHxHEIGHT',
    });
  }
  const image = { ...shape, height: shape.height, width: shape.width };
  const pixels = image.height * image.width * image.channels;
  const isSaid = [wanted.height ?? image.height, wanted.width ?? image.width];
  if ((flat !== undefined && pixels !== flat) || isSaid[0] !== image.height || isSaid[1] !== image.width) {
    const takes = flat === undefined ? `images of ${image.height}×${image.width}` : `${flat} numbers`;
    throw new ToolkitError('MODEL_UNSUPPORTED', {
      path,
      reason: `it takes ${takes}, which --size does not fit`,
      hint: 'leave --size out, or give the size of the images that it was trained on',
    });
  }
  const rank = found?.length ?? 3;
  const given = rank === 1 ? [pixels] : [image.height, image.width, image.channels].slice(0, rank);
  return { shape: image, given };
}

/** The square image, grey or in colour, that has so many values. */
function squareOf(values: number): Partial<ImageShape> {
  for (const channels of [1, 3]) {
    const side = Math.sqrt(values / channels);
    if (Number.isInteger(side)) return { height: side, width: side, channels };
  }
  return {};
}
