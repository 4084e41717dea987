import type { ToolkitEvent } from '../../../core/events.js';
import { RejectionError } from '../../rejection.js';
import type { ImageTarget } from './decode.js';
import { openPicture, shrunkPixels } from './open-picture.js';

/** The size at which colours are looked for. */
const GLANCE_SIZE = 64;
/** A pixel whose channels differ by this much is coloured: paper, ink and the noise of JPEG differ by less. */
const LEAST_DIFFERENCE = 24;
/** From this share of coloured pixels on, a picture is one in colour. */
const COLOURED_PIXELS = 0.02;

/** How many picture files are looked at, spread over the source. */
const GLANCES = 48;
/** A source with this share of pictures in colour is one in colour. */
const COLOURED_PICTURES = 0.1;

/** Reads a file of a source by its name. */
interface FileReader {
  read(name: string): Promise<Buffer>;
}

type ColourOptions = Pick<ImageTarget, 'centre' | 'invert' | 'maxPixels'> & { channels: 1 | 3 | undefined };

/** The channels that image files ask for, with a notice where they are more than grey. */
export interface PictureChannels {
  channels: 1 | 3;
  notes: Extract<ToolkitEvent, { event: 'notice' }>[];
}

/**
 * The channels of a source of picture files: those of the options; otherwise three if a tenth of some pictures show colours. Drawings,
 * which the options centre or invert, are grey.
 */
export async function pictureChannels(
  names: readonly string[],
  files: FileReader,
  { channels, centre, invert, maxPixels }: ColourOptions,
): Promise<PictureChannels> {
  if (channels !== undefined) return { channels, notes: [] };
  if (centre !== 'none' || invert !== 'no') return { channels: 1, notes: [] };
  const step = Math.max(1, names.length / GLANCES);
  const seen: boolean[] = [];
  for (let at = 0; at < names.length; at += step) {
    const shown = await glance(names[Math.floor(at)]!, files, maxPixels);
    if (shown !== undefined) seen.push(shown);
  }
  const coloured = seen.filter(Boolean).length;
  if (coloured === 0 || coloured < COLOURED_PICTURES * seen.length) return { channels: 1, notes: [] };
  const message = 'the images are in colour and stay so; --channels 1 makes them grey';
  return { channels: 3, notes: [{ event: 'notice', message }] };
}

/** Undefined for a file that the import is going to reject. */
async function glance(name: string, files: FileReader, maxPixels: number): Promise<boolean | undefined> {
  try {
    return await isColoured(await files.read(name), maxPixels);
  } catch (error) {
    if (error instanceof RejectionError) return undefined;
    throw error;
  }
}

/** Whether a picture file shows colours, not only greys. Throws RejectionError for one that cannot be decoded. */
async function isColoured(file: Buffer, maxPixels: number): Promise<boolean> {
  const { image } = await openPicture(file, maxPixels);
  const { data, info } = await shrunkPixels(image.flatten({ background: '#fff' }), GLANCE_SIZE);
  if (info.channels !== 3) return false;
  let coloured = 0;
  for (let at = 0; at < data.length; at += 3) {
    const pixel = data.subarray(at, at + 3);
    if (Math.max(...pixel) - Math.min(...pixel) >= LEAST_DIFFERENCE) coloured++;
  }
  return coloured >= COLOURED_PIXELS * (data.length / 3);
}
