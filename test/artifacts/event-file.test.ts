import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { EventFile } from '../../src/artifacts/event-file.js';
import { crc32c } from '../../src/core/formats/crc32c.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

/** A field of a message: a number, or bytes. */
type Fields = Map<number, (number | Buffer)[]>;

/** Reads the wire format of protocol buffers after its documentation, numbers included; every byte must belong to a field. */
function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): number => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  const take = (length: number): Buffer => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const tag = varint();
    const read: Record<number, () => number | Buffer> = {
      0: varint,
      1: () => take(8).readDoubleLE(),
      2: () => take(varint()),
      5: () => take(4).readFloatLE(),
    };
    const number = Math.floor(tag / 8);
    fields.set(number, [...(fields.get(number) ?? []), read[tag % 8]!()]);
  }
  expect(at).toBe(bytes.length);
  return fields;
}

/** The records of a TFRecord file, with both checksums of each verified. */
function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  const unmask = (masked: number): number => {
    const rotated = (masked - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    expect(unmask(file.readUInt32LE(at + 8))).toBe(crc32c(file.subarray(at, at + 8)));
    const bytes = file.subarray(at + 12, at + 12 + length);
    expect(unmask(file.readUInt32LE(at + 12 + length))).toBe(crc32c(bytes));
    records.push(bytes);
    at += length + 16;
  }
  return records;
}

/** What a file's events hold: the field numbers of event.proto and summary.proto. */
function eventsOf(file: Buffer): object[] {
  return recordsOf(file).map((record) => {
    const event = fieldsOf(record);
    const [time] = event.get(1) as [number];
    expect(Math.abs(time - Date.now() / 1000)).toBeLessThan(600);
    const step = event.get(2)?.[0] ?? 0;
    const version = event.get(3)?.[0];
    if (version !== undefined) return { step, version: String(version) };
    const session = event.get(7)?.[0];
    if (session !== undefined) return { step, status: fieldsOf(session as Buffer).get(1)?.[0] };
    const values = fieldsOf(event.get(5)?.[0] as Buffer)
      .get(1)!
      .map((value) => {
        const fields = fieldsOf(value as Buffer);
        return [String(fields.get(1)?.[0]), fields.get(2)?.[0]] as const;
      });
    return { step, ...Object.fromEntries(values) };
  });
}

it('an independent reader finds the version, the start of the session and the scalars with their steps', async () => {
  const folder = await temporaryFolder();
  const first = new EventFile(folder, 1);
  await first.append(1, { 'loss/training': 0.5, learning_rate: 0.25 });
  await first.append(2, { 'loss/training': 0.125 });
  // Killed in its third epoch, which was recorded but not kept, the run goes on.
  await first.append(3, { 'loss/training': 99 });
  await new EventFile(folder, 3).append(3, { 'loss/training': -0.0625, n: 3e38 });

  const names = (await readdir(folder)).sort();
  expect(names).toHaveLength(2);
  for (const name of names) expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\./);
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
  expect(eventsOf(files[0]!)).toEqual([
    { step: 0, version: 'brain.Event:2' },
    { step: 1, status: 1 },
    { step: 1, 'loss/training': 0.5, learning_rate: 0.25 },
    { step: 2, 'loss/training': 0.125 },
    { step: 3, 'loss/training': 99 },
  ]);
  expect(eventsOf(files[1]!)).toEqual([
    { step: 0, version: 'brain.Event:2' },
    { step: 3, status: 1 },
    { step: 3, 'loss/training': -0.0625, n: Math.fround(3e38) },
  ]);
});

it('nothing is written before the first value, and a folder that cannot be written is an error of the table', async () => {
  const folder = await temporaryFolder();
  const file = new EventFile(folder, 1);
  expect(await readdir(folder)).toEqual([]);
  await file.append(1, { loss: 1 });
  const [name] = await readdir(folder);
  await toolkitError('STORAGE_DENIED', new EventFile(join(folder, name!), 1).append(1, { loss: 1 }));
});
