import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { scalar, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { crc32c } from '../../../src/core/formats/crc32c.js';
import { readIntegers, readMessage } from '../../../src/core/formats/protobuf-reader.js';
import { bucketsOf } from '../../../src/tensorflow/node/histogram-buckets.js';
import { nodeBackend } from '../../../src/tensorflow/node/node-backend.js';
import { summaryFileWriter } from '../../../src/tensorflow/node/summary-file-writer.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { startTensorFlow } from '../../support/training.js';

beforeAll(async () => {
  await startTensorFlow();
});

const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/** The records of an event file (tensorflow/core/lib/io/record_writer.h): length, its check sum, the event, its check sum. */
async function eventsIn(folder: string): Promise<Uint8Array[]> {
  const [name] = await readdir(folder);
  const file = await readFile(join(folder, name!));
  const events: Uint8Array[] = [];
  for (let position = 0; position < file.length;) {
    const length = Number(file.readBigUInt64LE(position));
    expect(file.readUInt32LE(position + 8)).toBe(masked(file.subarray(position, position + 8)));
    const event = file.subarray(position + 12, position + 12 + length);
    expect(file.readUInt32LE(position + 12 + length)).toBe(masked(event));
    events.push(event);
    position += 16 + length;
  }
  return events;
}

/** A summary in an event (tensorflow/core/util/event.proto, framework/summary.proto): a number, or a tensor with its plug-in. */
interface Summary {
  step: number;
  tag: string;
  values: Float32Array;
  plugin?: string;
  description?: string;
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

function summaryOf(event: Uint8Array): Summary {
  const [summary] = readMessage(event).get(5)!;
  const [bytes] = readMessage(summary!).get(1)!;
  const value = readMessage(bytes!);
  const known = { step: readIntegers(event).get(2) ?? 0, tag: text(value.get(1)?.[0]) };
  const [tensor] = value.get(8) ?? [];
  // A number is the last field.
  if (!tensor)
    return { ...known, values: Float32Array.of(Buffer.from(bytes!).readFloatLE(bytes!.length - 4)) };
  const metadata = readMessage(value.get(9)![0]!);
  const content = readMessage(tensor).get(4)![0]!;
  return {
    ...known,
    plugin: text(readMessage(metadata.get(1)![0]!).get(1)?.[0]),
    description: text(metadata.get(3)?.[0]),
    values: new Float32Array(Uint8Array.from(content).buffer),
  };
}

describe('a summary writer', () => {
  it('writes numbers and histograms that TensorBoard reads', async () => {
    const folder = join(await temporaryFolder(), 'logs');
    // A writer that is made in a tidy outlives it.
    tidy(() => {
      summaryFileWriter(folder);
    });
    const writer = summaryFileWriter(folder);
    const native = nodeBackend().getNumOfTFTensors();
    writer.scalar('loss', 0.5, 3);
    tidy(() => {
      writer.scalar('loss', scalar(0.25), 2 ** 40);
      writer.histogram('weights', tensor1d([0, 1, 2, 10]), 7, 2, 'of the *first* layer');
    });
    writer.flush();
    expect(nodeBackend().getNumOfTFTensors()).toBe(native);
    const [version, ...events] = await eventsIn(folder);
    expect(Buffer.from(readMessage(version!).get(3)![0]!).toString()).toBe('brain.Event:2');
    expect(events.map(summaryOf)).toEqual([
      { step: 3, tag: 'loss', values: Float32Array.of(0.5) },
      { step: 2 ** 40, tag: 'loss', values: Float32Array.of(0.25) },
      {
        ...{ step: 7, tag: 'weights', plugin: 'histograms', description: 'of the *first* layer' },
        values: Float32Array.of(0, 5, 3, 5, 10, 1),
      },
    ]);
  });

  it('refuses steps that are no integers, tensors that are no scalars, and descriptions of numbers', async () => {
    const writer = summaryFileWriter(await temporaryFolder());
    await toolkitError('USAGE', () => {
      writer.scalar('a', 1, 0.5);
    });
    await toolkitError('USAGE', () => {
      tidy(() => {
        writer.scalar('a', tensor1d([1]) as never, 1);
      });
    });
    await toolkitError('USAGE', () => {
      writer.scalar('a', 1, 1, 'text');
    });
    await toolkitError('USAGE', () => summaryFileWriter(''));
    await toolkitError('TENSORFLOW_FAILED', () => summaryFileWriter('/dev/null/logs'));
  });
});

describe('the buckets of a histogram', () => {
  it('hold each value once', () => {
    const { values } = bucketsOf([3, -1, 0.5, NaN, 3, Infinity], 4);
    expect([...values]).toEqual([-1, 0, 1, 0, 1, 1, 1, 2, 0, 2, 3, 2]);
  });

  it('are one for equal values, and none for no values', () => {
    expect([...bucketsOf([2, 2], 30).values]).toEqual([1.5, 2.5, 2]);
    expect(bucketsOf([], 30)).toEqual({ count: 0, values: new Float32Array(0) });
    expect(() => bucketsOf([1], 1.5)).toThrow(/strictly positive integer/);
  });
});
