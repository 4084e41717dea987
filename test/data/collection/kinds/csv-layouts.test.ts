import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { silentContext, type ToolkitEvent } from '../../../../src/core/events.js';
import { collect } from '../../../../src/index.js';
import { toolkitError } from '../../../support/errors.js';
import { temporaryFolder } from '../../../support/folders.js';
import { importAndRead, type ReadBack } from '../../../support/imported.js';
import { picture, writeTree } from '../../../support/pictures.js';

/** Pixel `at` of image `image`, of `side` × `side`: no two places of an image are alike, and the corners are dark. */
const SIDE = 4;
const PIXELS = SIDE * SIDE;
const ROWS = 30;
const valueAt = (image: number, at: number): number =>
  at === 0 || at === PIXELS - 1 ? 0 : 100 + 9 * at + (image % 3);
const pixelsOf = (image: number): number[] => Array.from({ length: PIXELS }, (_, at) => valueAt(image, at));
const labelOf = (image: number): number => image % 3;
const images = Array.from({ length: ROWS }, (_, image) => image);

async function fileOf(text: string | Uint8Array, name = 't.csv'): Promise<string> {
  return `${await writeTree(await temporaryFolder(), { [name]: text })}/${name}`;
}

async function take(text: string | Uint8Array, name?: string): Promise<ReadBack> {
  return importAndRead(await fileOf(text, name));
}

/** Every image has the label that its pixels tell. */
function expectRight(
  { manifest, dimensions, train, test, rejected }: ReadBack,
  classNames = ['0', '1', '2'],
): void {
  expect(rejected).toEqual([]);
  expect(manifest.classNames).toEqual(classNames);
  expect(dimensions.slice(1)).toEqual([SIDE, SIDE]);
  expect(train.labels.length + test.labels.length).toBe(ROWS);
  for (const { pixels, labels } of [train, test]) {
    labels.forEach((label, index) => {
      expect([...pixels.subarray(index * PIXELS, (index + 1) * PIXELS)]).toEqual(pixelsOf(label));
    });
  }
}

const table = (
  header: string | undefined,
  row: (image: number) => readonly (number | string)[],
  separator = ',',
): string =>
  [...(header === undefined ? [] : [header]), ...images.map((image) => row(image).join(separator)), ''].join(
    '\n',
  );
const plain = (image: number): number[] => [labelOf(image), ...pixelsOf(image)];
const names = (name: (at: number) => string): string =>
  Array.from({ length: PIXELS }, (_, at) => name(at)).join(',');
const numbered = names((at) => `pixel${at}`);

describe('a table without names', () => {
  it.each<[string, string]>([
    ['label first', table(undefined, plain)],
    ['label last', table(undefined, (image) => [...pixelsOf(image), labelOf(image)])],
    [
      'label last, sorted by it',
      [0, 1, 2]
        .flatMap((label) => images.filter((image) => labelOf(image) === label))
        .map((image) => [...pixelsOf(image), labelOf(image)].join(','))
        .join('\n'),
    ],
    ['numbers of rows in front', table(undefined, (image) => [image, ...plain(image)])],
    [
      'the numbers that pandas names columns by',
      table(Array.from({ length: PIXELS + 1 }, (_, at) => at).join(','), plain),
    ],
    [
      'these and an index',
      table(`,${Array.from({ length: PIXELS + 1 }, (_, at) => at).join(',')}`, (image) => [
        image,
        ...plain(image),
      ]),
    ],
    [
      'floating-point numbers, as NumPy writes them',
      table(undefined, (image) => plain(image).map((value) => value.toExponential(18))),
    ],
    [
      'spaces between, as NumPy writes them',
      table(undefined, (image) => plain(image).map((value) => value.toFixed(1)), ' '),
    ],
    ['a separator at the end of each line', table(undefined, (image) => [...plain(image), ''])],
  ])('%s', async (_, text) => {
    expectRight(await take(text));
  });

  it('takes a word before or after the numbers for the label', async () => {
    const word = (image: number): string => ['ant', 'bee', 'cat'][labelOf(image)]!;
    for (const row of [
      (image: number) => [word(image), ...pixelsOf(image)],
      (image: number) => [...pixelsOf(image), word(image)],
    ]) {
      expectRight(await take(table(undefined, row)), ['ant', 'bee', 'cat']);
    }
  });

  it('is refused where both ends may be the label, and where there is none', async () => {
    const both = table(undefined, (image) => [
      image % 3,
      ...Array<number>(PIXELS - 1).fill(9),
      (image + 1) % 3,
    ]);
    const error = await toolkitError('SOURCE_REFUSED', take(both));
    expect(error.message).toContain('its first and its last column may both be the label');
    const none = table(undefined, (image) => pixelsOf(image).slice(0, 9));
    expect((await toolkitError('SOURCE_REFUSED', take(none))).message).toContain('no column of labels');
  });
});

describe('pixels belong where the numbers in their names say', () => {
  const row = (at: number): number => Math.floor(at / SIDE);
  const column = (at: number): number => at % SIDE;
  it.each<[string, (at: number) => string]>([
    ['pixel0', (at) => `pixel${at}`],
    ['pixel 1', (at) => `Pixel ${at + 1}`],
    ['p007', (at) => `p${String(at).padStart(3, '0')}`],
    ['a number alone', (at) => String(at)],
    ['1x1', (at) => `${row(at) + 1}x${column(at) + 1}`],
    ['p_0_1', (at) => `p_${row(at)}_${column(at)}`],
    ['pixel_1_2', (at) => `pixel_${row(at) + 1}_${column(at) + 1}`],
    ['1.2', (at) => `${row(at)}.${column(at)}`],
    ['r1c2', (at) => `r${row(at)}c${column(at)}`],
    ['x2y1', (at) => `x${column(at)}y${row(at)}`],
    ['col_2_row_1', (at) => `col_${column(at)}_row_${row(at)}`],
    ['mnist28_pixel3', (at) => `mnist28_pixel${at}`],
  ])('%s', async (_, name) => {
    const order = Array.from({ length: PIXELS }, (_unused, at) => at).sort((a, b) =>
      name(a) < name(b) ? -1 : 1,
    );
    const header = [...order.map(name), 'label'].join(',');
    expectRight(
      await take(table(header, (image) => [...order.map((at) => pixelsOf(image)[at]!), labelOf(image)])),
    );
  });

  it.each<[string, (at: number, channel: number) => string]>([
    ['with the channel as a word', (at, channel) => `pixel${at}_${'rgb'[channel]!}`],
    ['with the channel as a letter in front', (at, channel) => `${'RGB'[channel]!}${at}`],
    ['with the channel as the last number', (at, channel) => `p_${row(at)}_${column(at)}_${channel}`],
    ['with the channel as the first number', (at, channel) => `p_${channel}_${row(at)}_${column(at)}`],
  ])('in colours, %s', async (_, name) => {
    const cells = [0, 1, 2].flatMap((channel) =>
      Array.from({ length: PIXELS }, (_unused, at) => [at, channel] as const),
    );
    const header = ['label', ...cells.map(([at, channel]) => name(at, channel))].join(',');
    const text = table(header, (image) => [
      labelOf(image),
      ...cells.map(([at, channel]) => 50 * channel + at),
    ]);
    const { dimensions, train } = await take(text);
    expect(dimensions.slice(1)).toEqual([SIDE, SIDE, 3]);
    expect([...train.pixels.subarray(0, 9)]).toEqual([0, 50, 100, 1, 51, 101, 2, 52, 102]);
  });

  it('is refused where a pixel is missing or named twice', async () => {
    for (const [header, reason] of [
      [`label,${numbered.replace('pixel7', 'pixel99')}`, 'pixels are named'],
      [`label,${numbered.replace('pixel7', 'pixel8')}`, 'two of its pixel columns are called "pixel8"'],
    ] as const) {
      expect((await toolkitError('SOURCE_REFUSED', take(table(header, plain)))).message).toContain(reason);
    }
  });
});

describe('columns beside the pixels', () => {
  it.each(['', 'Unnamed: 0', 'index', 'id', 'ImageId'])('"%s" in front numbers the rows', async (name) => {
    expectRight(await take(table(`${name},label,${numbered}`, (image) => [image, ...plain(image)])));
  });

  it('the one that is left is the label; others are left out by name', async () => {
    expectRight(
      await take(table(`${numbered},digit class`, (image) => [...pixelsOf(image), labelOf(image)])),
    );
    const dataDir = await temporaryFolder();
    const events: ToolkitEvent[] = [];
    const from = await fileOf(table(`writer,label,${numbered}`, (image) => ['me', ...plain(image)]));
    await collect({ dataset: 'own', from, dataDir }, silentContext({ emit: (event) => events.push(event) }));
    const message = 't.csv: columns that are neither label nor pixels are left out: "writer"';
    expect(events).toContainEqual({ event: 'notice', message });
  });
});

describe('as programs write it', () => {
  const text = table(`label,${numbered}`, plain);
  const utf16 = (big: boolean, mark: boolean): Buffer => {
    const bytes = Buffer.from(`${mark ? '\ufeff' : ''}${text}`, 'utf16le');
    return big ? bytes.swap16() : bytes;
  };
  it.each<[string, string | Buffer, string?]>([
    ['with a byte-order mark', `\ufeff${text}`],
    ['in UTF-16', utf16(false, true)],
    ['in UTF-16, big-endian', utf16(true, true)],
    ['in UTF-16 without a mark', utf16(false, false)],
    ['with sep=; in front', `sep=;\r\n${text.replaceAll(',', ';').replaceAll('\n', '\r\n')}`],
    ['with a quoted "sep=;" in front', `"sep=;"\r\n${text.replaceAll(',', ';')}`],
    ['with a byte-order mark and sep=;', `\ufeffsep=;\n${text.replaceAll(',', ';')}`],
    [
      'with decimal commas',
      table(
        `label;${numbered.replaceAll(',', ';')}`,
        (image) => plain(image).map((value) => `${value},0`),
        ';',
      ),
    ],
    [
      'with decimal commas and no names',
      table(undefined, (image) => plain(image).map((value) => `${value},00`), ';'),
    ],
    ['with every field quoted', text.replaceAll(/[^,\n]+/g, '"$&"')],
    ['with CRLF', text.replaceAll('\n', '\r\n')],
    ['with a separator at the end of each line', text.replaceAll('\n', ',\n')],
    ['with a separator at the end of the rows alone', text.replaceAll('\n', ',\n').replace(',\n', '\n')],
    [
      'with labels as 0.0',
      table(`label,${numbered}`, (image) => [`${labelOf(image)}.0`, ...pixelsOf(image)]),
    ],
    ['with tabs', text.replaceAll(',', '\t')],
    ['with pipes', text.replaceAll(',', '|')],
    ['gzipped', gzipSync(text), 't.csv.gz'],
    ['gzipped, in spite of its name', gzipSync(text)],
  ])('%s', async (_, content, name) => {
    expectRight(await take(content, name));
  });

  it('in an older encoding is refused, with what converts it', async () => {
    const from = await writeTree(await temporaryFolder(), {
      'a.png': await picture(1),
      'labels.csv': Buffer.from('file,label\na.png,café\n', 'latin1'),
    });
    const error = await toolkitError('SOURCE_REFUSED', importAndRead(from));
    expect(error.message).toContain('its text is not UTF-8');
    expect(error.hint).toContain('iconv');
  });

  it('gzipped, a bomb is refused', async () => {
    const bomb = gzipSync(`file,label\n${`${'a'.repeat(9999)}\n`.repeat(3000)}`);
    expect((await toolkitError('SOURCE_REFUSED', take(bomb, 't.csv.gz'))).message).toContain(
      'unpacks to more',
    );
  });
});

describe('the range of the pixels', () => {
  const within = (scale: number, digits?: number): string =>
    table(`label,${numbered}`, (image) => [
      labelOf(image),
      ...pixelsOf(image).map((_, at) =>
        digits === undefined ? at % (scale + 1) : ((at / 15) * scale).toFixed(digits),
      ),
    ]);

  it.each<[string, string, number[]]>([
    ['0 and 1', within(1), [0, 255, 0, 255]],
    ['0 to 15', within(15), [0, 17, 34, 51]],
    ['0 to 1 in fractions', within(1, 8), [0, 17, 34, 51]],
    ['0 to 1 in few digits', within(1, 3), [0, 17, 34, 51]],
  ])('%s becomes 0 to 255', async (_, text, expected) => {
    const { manifest, train } = await take(text);
    expect([...train.pixels.subarray(0, 4)]).toEqual(expected);
    expect(manifest.imported?.range?.[0]).toBe(0);
  });

  it('0 to 16, as in scikit-learn’s digits, becomes 0 to 255 and keeps its 17 levels', async () => {
    const text = table(`label,${numbered}`, (image) => [
      labelOf(image),
      ...pixelsOf(image).map((_, at) => at + (at > 7 ? 1 : 0)),
    ]);
    const { manifest, train } = await take(text);
    expect(manifest.imported?.range).toEqual([0, 16]);
    expect(new Set(train.pixels).size).toBe(16);
    expect(Math.max(...train.pixels)).toBe(255);
    expect(train.pixels[1]).toBe(16);
  });

  it('−1 to 1 becomes 0 to 255', async () => {
    const text = table(`label,${numbered}`, (image) => [
      labelOf(image),
      ...pixelsOf(image).map((_, at) => (2 * at) / 15 - 1),
    ]);
    expect([...(await take(text)).train.pixels.subarray(0, 3)]).toEqual([0, 17, 34]);
  });

  it.each<[string, (at: number) => number, string]>([
    ['16 bits', (at) => 4000 * at, 'from 0 to 60000'],
    ['standardized', (at) => at / 5 - 0.42, 'from -0.42 to 2.58'],
    ['halves', (at) => at + 0.5, 'from 0.5 to 15.5'],
    ['signed bytes', (at) => 17 * at - 128, 'from -128 to 127'],
  ])('%s is refused, with the range that was found', async (_, value, found) => {
    const text = table(`label,${numbered}`, (image) => [
      labelOf(image),
      ...pixelsOf(image).map((_unused, at) => value(at)),
    ]);
    expect((await toolkitError('SOURCE_REFUSED', take(text))).message).toContain(found);
  });

  it('a pixel that contradicts the first images is refused, and names its row', async () => {
    const low = Array.from({ length: 600 }, (_, image) =>
      [image % 3, ...pixelsOf(image).map((_unused, at) => at)].join(','),
    );
    const text = [`label,${numbered}`, ...low, plain(1).join(',')].join('\n');
    const error = await toolkitError('SOURCE_REFUSED', take(text));
    expect(error.message).toContain('t.csv:602 has a pixel of 110, but the first images go from 0 to 15');
  });
});

describe('a folder of a competition', () => {
  const files = (): Record<string, string> => ({
    'train.csv': table(`label,${numbered}`, plain),
    'test.csv': table(numbered, pixelsOf),
    'sample_submission.csv': `ImageId,Label\n${images.map((image) => `${image + 1},0`).join('\n')}\n`,
  });

  it('is taken from its labelled table; the other is named', async () => {
    const from = await writeTree(await temporaryFolder(), files());
    expectRight(await importAndRead(from));
    const events: ToolkitEvent[] = [];
    const dataDir = await temporaryFolder();
    await collect({ dataset: 'own', from, dataDir }, silentContext({ emit: (event) => events.push(event) }));
    expect(events).toContainEqual(
      expect.objectContaining({
        code: 'UNLABELLED_LEFT_OUT',
        message: 'test.csv has no labels and is left out',
      }),
    );
  });

  it('whose training has no labels is refused', async () => {
    const from = await writeTree(await temporaryFolder(), {
      ...files(),
      'train.csv': table(numbered, pixelsOf),
    });
    const error = await toolkitError('SOURCE_REFUSED', importAndRead(from));
    expect(error.message).toContain('train.csv: it has pixels, but no column of labels');
  });

  it('with one table of another name is found', async () => {
    expectRight(
      await importAndRead(await writeTree(await temporaryFolder(), { 'digits.csv': files()['train.csv']! })),
    );
  });
});
