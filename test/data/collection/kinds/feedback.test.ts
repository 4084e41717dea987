import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { PreparedData } from '../../../../src/artifacts/prepared.js';
import { encodeFeedback, FEEDBACK_FILE, type FeedbackRecord } from '../../../../src/artifacts/feedback.js';
import { FeedbackFile } from '../../../../src/serving/watching/feedback-file.js';
import { collect, preprocess } from '../../../../src/index.js';
import { toolkitError } from '../../../support/errors.js';
import { temporaryFolder } from '../../../support/folders.js';
import { importAndRead } from '../../../support/imported.js';

const classNames = ['cat', 'ant', 'bee'];
const shape = { height: 4, width: 4, channels: 1 };

function record(index: number, labelName: string, changes: Partial<FeedbackRecord> = {}): FeedbackRecord {
  return {
    time: '2026-01-02T03:04:05.678Z',
    id: 'request-1',
    index,
    version: '7',
    predicted: 0,
    label: Math.max(0, classNames.indexOf(labelName)),
    labelName,
    classNames,
    shape,
    image: new Uint8Array(16).fill(index),
    ...changes,
  };
}

async function feedbackOf(...lines: readonly (FeedbackRecord | string)[]): Promise<string> {
  const folder = await temporaryFolder();
  const text = lines.map((line) => (typeof line === 'string' ? `${line}\n` : encodeFeedback(line))).join('');
  await writeFile(join(folder, FEEDBACK_FILE), text);
  return folder;
}

const several = (label: string, first: number): FeedbackRecord[] =>
  [0, 1, 2, 3, 4].map((more) => record(first + more, label));

describe('feedback', () => {
  it('as the server writes it becomes a data set with the model’s classes, each image with its origin', async () => {
    const folder = await temporaryFolder();
    const file = new FeedbackFile({ folder, maxBytes: 1e6, isShared: false, onFull: () => undefined });
    for (const each of [...several('bee', 0), ...several('cat', 5)]) await file.append(each);
    const { manifest, dimensions, train, test: held, sources } = await importAndRead(folder);
    expect(manifest.classNames).toEqual(classNames);
    expect(manifest.imported).toMatchObject({
      format: 'feedback',
      images: { train: 8, test: 2, rejected: 0 },
    });
    expect(dimensions).toEqual([8, 4, 4]);
    expect([...train.labels, ...held.labels].sort()).toEqual([0, 0, 0, 0, 0, 2, 2, 2, 2, 2]);
    const label = train.labels[0]!;
    expect(train.pixels[0]! < 5).toBe(label === 2);
    expect(sources[0]!['file']).toMatch(
      /^feedback\.jsonl:\d+, request request-1, image \d, 2026-.*, version 7$/,
    );
  });

  it('says who labelled an image, where the line does', async () => {
    const lines = several('bee', 0).map((line) => ({ ...line, caller: 'token 0123456789ab' }));
    const { sources } = await importAndRead(await feedbackOf(...lines, ...several('cat', 5)));
    const origins = sources.map(({ file }) => String(file));
    expect(origins.filter((origin) => origin.endsWith(', from token 0123456789ab'))).toHaveLength(5);
    expect(origins.filter((origin) => origin.endsWith(', version 7'))).toHaveLength(5);
  });

  it('lines that are none are listed; old lines without shape and classes are taken', async () => {
    const old = (index: number, label: string): FeedbackRecord =>
      record(index, label, { classNames: undefined, shape: undefined });
    const lines = ['a', 'b'].flatMap((label) => [0, 1, 2].map((index) => old(index, label)));
    const place = await feedbackOf('{', ...lines, record(9, 'a', { image: new Uint8Array(17) }));
    const { manifest, rejected } = await importAndRead(join(place, FEEDBACK_FILE));
    expect(manifest.classNames).toEqual(['a', 'b']);
    expect(rejected.map(({ name }) => name)).toEqual([
      'feedback.jsonl:1',
      expect.stringContaining('feedback.jsonl:8'),
    ]);
  });

  it.each(['utf8', 'utf16le'] as const)('reads %s with a byte-order mark and CR LF', async (encoding) => {
    const text = [...several('bee', 0), ...several('cat', 5)]
      .map(encodeFeedback)
      .join('')
      .replaceAll('\n', '\r\n');
    const folder = await temporaryFolder();
    await writeFile(join(folder, FEEDBACK_FILE), `\uFEFF${text}`, encoding);
    const { train, test: held, rejected } = await importAndRead(folder);
    expect([train.labels.length, held.labels.length, rejected.length]).toEqual([8, 2, 0]);
  });

  it('a label that is none of the model’s classes is refused; so is a file without any', async () => {
    const place = await feedbackOf(...several('cat', 0), record(9, 'dog'));
    const { rejected } = await importAndRead(place);
    expect(rejected).toMatchObject([{ reason: '"dog" is none of the classes' }]);
    await toolkitError('SOURCE_REFUSED', importAndRead(await feedbackOf('nothing')));
  });
});

describe('added to another data set', () => {
  it('it joins the training; the test images and the classes stay as they were', async () => {
    const dataDir = await temporaryFolder();
    const base = await importAndRead(await feedbackOf(...several('bee', 0), ...several('cat', 5)), {
      dataDir,
    });
    const more = await feedbackOf(record(200, 'ant'), record(201, 'cat'));
    const options = { dataset: 'more', fromFeedback: more, addTo: 'own', dataDir };
    const grown = await importAndRead(undefined, options);
    expect(grown.test).toEqual(base.test);
    expect(grown.train.labels).toEqual([...base.train.labels, 1, 0]);
    expect(grown.train.pixels.subarray(0, base.train.pixels.length)).toEqual(base.train.pixels);
    expect(grown.manifest).toMatchObject({
      classNames,
      origin: 'images that were sent to mnist serve, labelled by those who sent them',
      imported: { format: 'feedback', addedTo: 'own', base: base.manifest.files },
    });
    expect(grown.sources[0]).toMatchObject({ file: 'own train[0]' });
  });

  it('MNIST itself grows by what was labelled, and can be preprocessed', async () => {
    const dataDir = await temporaryFolder();
    await collect({ dataset: 'mnist', dataDir });
    const image = new Uint8Array(784).fill(9);
    const digits = Array.from({ length: 10 }, (_, digit) => String(digit));
    const place = await feedbackOf(
      record(0, '7', { classNames: digits, image, shape: { height: 28, width: 28, channels: 1 } }),
    );
    const raw = await collect({ dataset: 'grown', fromFeedback: place, addTo: 'mnist', dataDir });
    expect(raw.manifest.imported!.images).toEqual({ train: 60_001, test: 10_000, rejected: 0 });
    const { prepared } = await preprocess({ dataset: 'grown', dataDir });
    const { train } = prepared as PreparedData;
    expect(train.count).toBe(60_001);
    expect(prepared.imported).toBeUndefined();
    expect([...train.pixels.subarray(-784)]).toEqual([...image]);
  });

  it('says what does not fit together', async () => {
    const dataDir = await temporaryFolder();
    const place = await feedbackOf(...several('cat', 0));
    await toolkitError('DATA_MISSING', collect({ dataset: 'x', fromFeedback: place, addTo: 'own', dataDir }));
    await toolkitError('USAGE', collect({ dataset: 'mnist', fromFeedback: place, dataDir }));
    await toolkitError('USAGE', collect({ dataset: 'x', fromFeedback: place, from: place, dataDir }));
    await toolkitError('USAGE', collect({ dataset: 'x', addTo: 'own', dataDir }));
    await importAndRead(place, { dataDir });
    await toolkitError(
      'USAGE',
      collect({ dataset: 'x', fromFeedback: place, addTo: 'own', size: 9, dataDir }),
    );
  });
});
