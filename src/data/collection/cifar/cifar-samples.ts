import { ToolkitError } from '../../../core/errors.js';
import { corruptError } from '../../../core/files.js';
import { convertPixels, type ImageTarget } from '../../imaging/importing/decode.js';
import { cutInto } from '../archives/array-pieces.js';
import { interleaved } from '../arrays/array-images.js';
import { shapeOf, targetFor, type ImageOptions, type Sample, type SampleSet } from '../sample.js';
import { bytesFrom } from '../source-bytes.js';
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
  const { layout, files, images } = found;
  const label = layout[which];
  if (!label) {
    const reason = `${layout.name} has no superclasses`;
    throw new ToolkitError('SOURCE_REFUSED', { path: place, reason, hint: 'use --format cifar' });
  }
  const names = await cifarClassNames(found, label);
  const target = targetFor(options, { width: CIFAR_SIDE, height: CIFAR_SIDE, channels: 3 });
  const reading = { labelBytes: layout.labelBytes, label, names, target };
  return {
    shape: shapeOf(target),
    total: images,
    ...(names && { classNames: names }),
    samples: samplesOf(files, reading),
  };
}

async function* samplesOf(files: readonly CifarFile[], reading: Reading): AsyncGenerator<Sample> {
  const { labelBytes, label, names, target } = reading;
  const isSplit = new Set(files.map(({ split }) => split)).size > 1;
  for (const { path, name: file, split, images } of files) {
    let index = 0;
    for await (const record of cutInto(bytesFrom(path), labelBytes + CIFAR_PIXEL_BYTES)) {
      const name = `${file}[${index++}]`;
      const number = record[label.at]!;
      if (number >= label.classes) throw corruptError(path, `record ${index} has the label ${number}`);
      const load = (): Promise<Uint8Array> => {
        const data = interleaved(record.subarray(labelBytes), 3);
        return convertPixels({ width: CIFAR_SIDE, height: CIFAR_SIDE, channels: 3, data }, target);
      };
      yield { name, label: names?.[number] ?? String(number), split: isSplit ? split : undefined, load };
    }
    if (index !== images) throw corruptError(path, `ends after ${index} of ${images} records`);
  }
}
