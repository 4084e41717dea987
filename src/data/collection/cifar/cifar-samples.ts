import { createReadStream } from 'node:fs';

import { ToolkitError } from '../../../core/errors.js';
import { corruptError, readError } from '../../../core/files.js';
import { convertPixels, type ImageTarget } from '../../imaging/importing/decode.js';
import { cutInto } from '../archives/array-pieces.js';
import { shapeOf, targetFor, type ImageOptions, type Sample, type SampleSet } from '../sample.js';
import { cifarClassNames, findCifar, type CifarFile } from './cifar-files.js';
import { CIFAR_PIXEL_BYTES, CIFAR_SIDE, type CifarLabel } from './layouts.js';

/** How the records of a data set are read. */
interface Reading {
  labelBytes: number;
  label: CifarLabel;
  /** Undefined if no file names the classes: then labels are numbers. */
  names: readonly string[] | undefined;
  target: ImageTarget;
}

/**
 * The images of a binary version of CIFAR. Throws SOURCE_REFUSED, DATA_CORRUPT or DATA_UNREADABLE.
 *
 * @param which the label that counts: CIFAR-100 has a superclass too
 */
export async function openCifar(
  place: string,
  options: ImageOptions,
  which: 'fine' | 'coarse',
): Promise<SampleSet> {
  const found = await findCifar(place);
  const { layout, files } = found;
  const label = layout[which];
  if (!label) {
    const reason = `${layout.name} has no superclasses`;
    throw new ToolkitError('SOURCE_REFUSED', { path: place, reason, hint: 'use --format cifar' });
  }
  const names = await cifarClassNames(found, label);
  const target = targetFor(options, { width: CIFAR_SIDE, height: CIFAR_SIDE, channels: 3 });
  const reading = { labelBytes: layout.labelBytes, label, names, target };
  const total = files.reduce((sum, { images }) => sum + images, 0);
  return {
    shape: shapeOf(target),
    total,
    ...(names && { classNames: names }),
    samples: samplesOf(files, reading),
  };
}

async function* samplesOf(files: readonly CifarFile[], reading: Reading): AsyncGenerator<Sample> {
  const { labelBytes, label, names, target } = reading;
  const isSplit = new Set(files.map(({ split }) => split)).size > 1;
  for (const { path, name: file, split, images } of files) {
    let index = 0;
    for await (const record of cutInto(bytesOf(path), labelBytes + CIFAR_PIXEL_BYTES)) {
      const name = `${file}[${index++}]`;
      const number = record[label.at]!;
      if (number >= label.classes) throw corruptError(path, `record ${index} has the label ${number}`);
      const load = (): Promise<Uint8Array> => {
        const data = interleaved(record.subarray(labelBytes));
        return convertPixels({ width: CIFAR_SIDE, height: CIFAR_SIDE, channels: 3, data }, target);
      };
      yield { name, label: names?.[number] ?? String(number), split: isSplit ? split : undefined, load };
    }
    if (index !== images) throw corruptError(path, `ends after ${index} of ${images} records`);
  }
}

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Buffer;
  } catch (error) {
    throw readError(error, path);
  }
}

/** From all reds, greens and blues to the three values of each pixel. */
function interleaved(planes: Uint8Array): Uint8Array {
  const pixels = CIFAR_SIDE ** 2;
  const data = new Uint8Array(3 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      data[3 * pixel + channel] = planes[channel * pixels + pixel]!;
    }
  }
  return data;
}
