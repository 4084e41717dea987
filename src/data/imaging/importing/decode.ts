import type { Sharp } from 'sharp';

import { RejectionError } from '../../rejection.js';
import { centredDrawing } from '../centring.js';
import { mayBeTransparent, type ImageHeader } from './image-header.js';
import { loadSharp, openPicture, refuseLarge, shrunkPixels, undecodable } from './open-picture.js';
import { edgeColour, invert, hasLightEdges, isDrawnLight, placeOn, type Pixels } from './pixels.js';

/**
 * How an image fills a target of other proportions: `pad` shows all of it, with its edge colour beside it; `crop` cuts off what does not
 * fit, on both sides alike; `stretch` gives up the proportions.
 */
export const imageFits = ['pad', 'crop', 'stretch'] as const;

export type ImageFit = (typeof imageFits)[number];

/** What sharp calls them; padding is done after, with the colour of the edges. */
const SHARP_FITS = { pad: 'inside', crop: 'cover', stretch: 'fill' } as const;

/** What every image of a source is made into. */
export interface ImageTarget {
  width: number;
  height: number;
  channels: 1 | 3;
  /** How an image of other proportions fills the target. */
  fit: ImageFit;
  /** `mass`: cut out, fitted into 20/28 of the size and centred by its mass, as MNIST did; `none`: the whole image. */
  centre: 'none' | 'mass';
  /** `auto`: images on a light background are inverted. */
  invert: 'auto' | 'yes' | 'no';
  /** An image with more is refused before it is decoded. */
  maxPixels: number;
}

/** Images are first brought to this size before a shape is looked for, so that a photo costs no more than a scan. */
const WORKING_SIZE = 512;
/** The size at which the colour of a transparent picture's drawing is looked at. */
const GLANCE_SIZE = 128;

/** An image as the target asks for it. */
export interface DecodedImage {
  data: Uint8Array;
  /** Whether black and white were swapped. */
  inverted: boolean;
}

/** Decodes an image file and makes it into what the target asks for. Throws RejectionError, which says why. */
export async function decodeImage(file: Buffer, target: ImageTarget): Promise<Uint8Array> {
  return (await decodeForeign(file, target)).data;
}

/** The same, and what was done to it. */
export async function decodeForeign(file: Buffer, target: ImageTarget): Promise<DecodedImage> {
  const { image, header } = await openPicture(file, target.maxPixels);
  refuseUnfit(header, target.maxPixels);
  const background = mayBeTransparent(file, header) ? await paperFor(image) : '#fff';
  return finish(image.flatten({ background }), header, target);
}

/** What lies behind the transparent parts of a picture: white, as paper, unless only black shows what is drawn. */
async function paperFor(image: Sharp): Promise<'#fff' | '#000'> {
  const { hasAlpha } = await image.metadata().catch(undecodable);
  if (!hasAlpha) return '#fff';
  const { data, info } = await shrunkPixels(image.clone().ensureAlpha(), GLANCE_SIZE);
  return info.channels === 4 && isDrawnLight(data) ? '#000' : '#fff';
}

/** Refuses what a data set is not made of, and what costs too much where there are thousands. */
function refuseUnfit({ width, height, scans, others }: ImageHeader, maxPixels: number): void {
  if (others !== undefined) throw new RejectionError(others);
  // Their coefficients are all kept until the last pass, and gone through in each.
  if (scans > 1 && 2 * width * height > maxPixels) {
    throw new RejectionError(`${width}×${height} in ${scans} passes, more than half of ${maxPixels} pixels`);
  }
}

/** Makes pixels that a source holds as numbers into what the target asks for. Throws RejectionError. */
export async function convertPixels(pixels: Pixels, target: ImageTarget): Promise<Uint8Array> {
  const { width, height, channels, data } = pixels;
  refuseLarge(pixels, target.maxPixels);
  if (target.centre === 'none' && fits(pixels, target)) return inverted(pixels, target.invert).data;
  const sharp = await loadSharp();
  return (await finish(sharp(data, { raw: { width, height, channels } }), pixels, target)).data;
}

async function finish(
  image: Sharp,
  { width, height }: { width: number; height: number },
  target: ImageTarget,
): Promise<DecodedImage> {
  const { centre, channels, fit } = target;
  const isDrawing = centre === 'mass';
  const field = isDrawing ? { width: WORKING_SIZE, height: WORKING_SIZE } : sizeOf(target);
  const isResized = isDrawing
    ? Math.max(width, height) > WORKING_SIZE
    : width !== field.width || height !== field.height;
  const coloured = image.toColourspace(channels === 1 ? 'b-w' : 'srgb');
  const resized = isResized
    ? coloured.resize({ ...field, fit: isDrawing ? 'inside' : SHARP_FITS[fit] })
    : coloured;
  const decoded = await rawPixels(resized, channels);
  if (isDrawing) return centred(decoded, target);
  const pixels = inverted(decoded, target.invert);
  const isInverted = pixels !== decoded;
  if (fits(pixels, target)) return { data: pixels.data, inverted: isInverted };
  const corner = { x: (field.width - pixels.width) >> 1, y: (field.height - pixels.height) >> 1 };
  const { data } = placeOn(pixels, field, corner, edgeColour(pixels));
  return { data, inverted: isInverted };
}

/** Throws RejectionError where nothing is drawn on an image. */
function centred({ width, height, data }: Pixels, target: ImageTarget): DecodedImage {
  const plane = { width, height, values: Float32Array.from(data) };
  const drawing = centredDrawing(plane, sizeOf(target), target.invert);
  if (drawing.box === null) throw new RejectionError('nothing to centre: the image is blank');
  return { data: drawing.pixels, inverted: drawing.inverted };
}

function fits({ width, height, channels }: Pixels, target: ImageTarget): boolean {
  return width === target.width && height === target.height && channels === target.channels;
}

function sizeOf({ width, height }: ImageTarget): { width: number; height: number } {
  return { width, height };
}

function inverted(pixels: Pixels, mode: ImageTarget['invert']): Pixels {
  return mode === 'yes' || (mode === 'auto' && hasLightEdges(pixels)) ? invert(pixels) : pixels;
}

async function rawPixels(image: Sharp, channels: 1 | 3): Promise<Pixels> {
  const { data, info } = await image
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(undecodable);
  if (info.channels !== channels) return undecodable(new Error(`${info.channels} channels after decoding`));
  return { width: info.width, height: info.height, channels, data };
}
