import { z } from 'zod';

import { ToolkitError } from '../../../core/errors.js';
import { complaintOf } from '../../../core/validation.js';
import { convertPixels, decodeImage, type ImageTarget } from '../../imaging/importing/decode.js';
import { pictureChannels } from '../../imaging/importing/colour.js';
import { printable, type Rejection } from '../../rejection.js';
import { shapeOf, targetFor, type ImageOptions, type Sample, type SampleSet } from '../sample.js';
import type { OwnImage, OwnImages, OwnPixels } from './own-source.js';

/** Sides of images given as pixels; files of images are limited by their pixels. */
const MAX_SIDE = 2 ** 14;

const bytes = z.union([z.instanceof(Uint8Array), z.instanceof(Uint8ClampedArray)], {
  error: 'it must be a Uint8Array',
});

const ownPixels = z
  .strictObject({
    width: z.int().min(1).max(MAX_SIDE),
    height: z.int().min(1).max(MAX_SIDE),
    channels: z.union([z.literal(1), z.literal(3)]),
    data: bytes,
  })
  .refine(({ width, height, channels, data }) => data.length === width * height * channels, {
    error: 'its data are not width × height × channels values',
  });

const ownImage = z.strictObject({
  label: z.string().min(1),
  image: z.union([z.instanceof(Uint8Array), ownPixels], {
    error: 'it must be the bytes of an image file, or { width, height, channels, data }',
  }),
  split: z.enum(['train', 'validation', 'test']).optional(),
  name: z.string().min(1).optional(),
});

/** How many images are looked at for colours before the import begins. */
const LOOKED_AT = 48;

/** An image of a source, with a copy of its bytes: a generator may use its own again. */
interface Taken {
  name: string;
  label: string;
  split: OwnImage['split'];
  /** The bytes of an image file. */
  file?: Buffer;
  pixels?: OwnPixels & { data: Uint8Array };
}

/**
 * The images of a source of one's own as samples. The first ones say of which size they are, and whether in colour. An image that is not as
 * it should be is rejected. Throws SOURCE_REFUSED if the first ones all are, or there is none, and what the source throws.
 *
 * @param source its name in messages
 */
export async function ownSamples(
  source: string,
  images: OwnImages,
  options: ImageOptions,
): Promise<SampleSet> {
  const all = takeAll(iterableOf(source, images));
  const first = await upTo(all, LOOKED_AT);
  const usable = first.filter(isTaken);
  const [example] = usable;
  if (!example) {
    const [rejected] = first;
    const reason =
      rejected && 'reason' in rejected ? `${rejected.name}: ${rejected.reason}` : 'it gives no images';
    const hint = 'docs/plugins.md describes a source';
    throw new ToolkitError('SOURCE_REFUSED', { path: source, reason, hint });
  }
  const { pixels } = example;
  const { notes, ...own } = pixels ? { ...pixels, notes: [] } : await coloursOf(usable, options);
  const target = targetFor(options, own);
  return { shape: shapeOf(target), total: undefined, notes, samples: samplesOf(first, all, target) };
}

function iterableOf(source: string, images: OwnImages): AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof images === 'object' && (Symbol.asyncIterator in images || Symbol.iterator in images))
    return images;
  const hint = 'return an array, a generator, or another (async) iterable';
  throw new ToolkitError('SOURCE_REFUSED', { path: source, reason: 'its images are not iterable', hint });
}

async function* takeAll(
  images: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<Taken | Rejection, undefined> {
  let index = 0;
  for await (const value of images) yield taken(value, `image ${++index}`);
  return undefined;
}

function taken(value: unknown, place: string): Taken | Rejection {
  const { data, error } = ownImage.safeParse(value);
  if (!data) return { name: place, reason: complaintOf(error) };
  const { label, image, split, name = place } = data;
  const held =
    image instanceof Uint8Array
      ? { file: Buffer.from(image) }
      : { pixels: { ...image, data: Buffer.from(image.data) } };
  return { name: printable(name), label, split, ...held };
}

function isTaken(item: Taken | Rejection): item is Taken {
  return !('reason' in item);
}

async function upTo<Item>(items: AsyncGenerator<Item>, most: number): Promise<Item[]> {
  const found: Item[] = [];
  while (found.length < most) {
    const next = await items.next();
    if (next.done === true) break;
    found.push(next.value);
  }
  return found;
}

function coloursOf(first: readonly Taken[], options: ImageOptions): ReturnType<typeof pictureChannels> {
  const files = new Map(first.flatMap(({ file }, index) => (file ? [[String(index), file]] : [])));
  const read = (name: string): Promise<Buffer> => Promise.resolve(files.get(name)!);
  return pictureChannels([...files.keys()], { read }, options);
}

async function* samplesOf(
  first: readonly (Taken | Rejection)[],
  rest: AsyncIterable<Taken | Rejection>,
  target: ImageTarget,
): AsyncGenerator<Sample | Rejection> {
  for (const item of first) yield sampleOf(item, target);
  for await (const item of rest) yield sampleOf(item, target);
}

function sampleOf(item: Taken | Rejection, target: ImageTarget): Sample | Rejection {
  if (!isTaken(item)) return item;
  const { file, pixels, ...named } = item;
  return { ...named, load: () => (file ? decodeImage(file, target) : convertPixels(pixels!, target)) };
}
