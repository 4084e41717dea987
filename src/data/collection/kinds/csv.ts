import { createReadStream } from 'node:fs';
import { readdir,stat } from 'node:fs/promises';
import { basename,dirname,join } from 'node:path';

import { ToolkitError } from '../../../core/errors.js';
import { readError,corruptError } from '../../../core/files.js';
import { contentRoot } from '../content-root.js';
import { findColumns,type CsvColumns } from '../tables/csv-columns.js';
import { readCsvRecords,type CsvRecord } from '../tables/csv-records.js';
import { convertPixels,decodeImage,type ImageTarget } from '../../imaging/importing/decode.js';
import { shapeOf,splitNamed,targetFor,type Sample,type SplitName } from '../sample.js';
import { SourceFolder } from '../source-files.js';
import { RejectionError,type Rejection } from '../../rejection.js';
import { sampleKind } from './source-kind.js';

/** A table, opened: what its columns are, and which split its rows belong to where no column says it. */
interface Table {
  path: string;
  name: string;
  separator: string;
  columns: CsvColumns;
  split: SplitName | undefined;
}

/** Tables of file names and labels, or of labels and pixels: one to be split, or one each for training and test. */
export const csv = sampleKind({
  name: 'csv',
  summary: 'table of labels and file names or pixels, or train.csv and test.csv',

  async recognises(place) {
    return (await findTables(place)).length > 0;
  },

  async open(place, options) {
    const tables: Table[] = [];
    for (const found of await findTables(place)) tables.push(await openTable(found.path, found.split));
    const [first] = tables;
    if (!first) {
      const hint =
        'it has to be a .csv or .tsv file, or a folder with train.csv and test.csv, labels.csv or metadata.csv';
      throw new ToolkitError('SOURCE_REFUSED', { path: place, reason: 'no table is there', hint });
    }
    const { content } = first.columns;
    const own = 'file' in content ? undefined : { size: content.side, channels: content.channels };
    const target = targetFor(options, own);
    const files = await SourceFolder.open(dirname(first.path));
    return { shape: shapeOf(target), total: undefined, samples: samplesOf(tables, files, target) };
  },
});

async function findTables(place: string): Promise<{ path: string; split: SplitName | undefined }[]> {
  const found = await stat(place).catch(() => undefined);
  if (!found) return [];
  if (!found.isDirectory()) {
    return /\.(csv|tsv)$/i.test(place) ? [{ path: place, split: undefined }] : [];
  }
  const root = await contentRoot(place);
  const names = (await readdir(root)).filter((name) => /\.(csv|tsv)$/i.test(name)).sort();
  const bySplit = names.flatMap((name) => {
    const word = /(?:^|[^a-z])([a-z]+)\.[ct]sv$/i.exec(name)?.[1];
    const split = word === undefined ? undefined : splitNamed(word);
    return split ? [{ path: join(root, name), split }] : [];
  });
  const splits = new Set(bySplit.map(({ split }) => split));
  if (splits.has('train') && splits.has('test')) return bySplit;
  const whole = names.find((name) => /^(train|labels?|metadata|annotations)\.[ct]sv$/i.test(name));
  return whole === undefined ? [] : [{ path: join(root, whole), split: undefined }];
}

async function openTable(path: string, split: SplitName | undefined): Promise<Table> {
  const separator = await separatorOf(path);
  for await (const { fields } of readCsvRecords(path, separator)) {
    return { path, name: basename(path), separator, columns: findColumns(fields, path), split };
  }
  throw corruptError(path, 'empty');
}

/** The character that the first line holds most of. */
async function separatorOf(path: string): Promise<string> {
  const [line = ''] = (await firstText(path)).split('\n', 1);
  const count = (separator: string): number => line.split(separator).length;
  return [',', ';', '\t'].reduce((best, candidate) => (count(candidate) > count(best) ? candidate : best));
}

async function firstText(path: string): Promise<string> {
  try {
    const stream = createReadStream(path, { encoding: 'utf8', end: 65_535 });
    let text = '';
    for await (const chunk of stream) text += chunk as string;
    return text;
  } catch (error) {
    throw readError(error, path);
  }
}

async function* samplesOf(
  tables: readonly Table[],
  files: SourceFolder,
  target: ImageTarget,
): AsyncGenerator<Sample | Rejection> {
  for (const table of tables) {
    let isHeader = table.columns.hasHeader;
    for await (const record of readCsvRecords(table.path, table.separator)) {
      if (!isHeader) yield sampleOf(record, table, files, target);
      isHeader = false;
    }
  }
}

function sampleOf(
  { line, fields }: CsvRecord,
  table: Table,
  files: SourceFolder,
  target: ImageTarget,
): Sample | Rejection {
  const { columns } = table;
  const row = `${table.name}:${line}`;
  if (fields.length !== columns.count) {
    return { name: row, reason: `${fields.length} fields, where the table has ${columns.count} columns` };
  }
  const label = withoutZeroFraction(fields[columns.label]!.trim());
  const said = columns.split === undefined ? undefined : fields[columns.split]!;
  const split = said === undefined ? table.split : splitNamed(said);
  if (said !== undefined && split === undefined) {
    return { name: row, reason: `the split "${said}" is neither train, validation nor test` };
  }
  const { content } = columns;
  if ('file' in content) {
    const name = fields[content.file]!.trim();
    if (name === '') return { name: row, reason: 'no file name' };
    return { name, label, split, load: async () => decodeImage(await files.read(name), target) };
  }
  const { side, channels } = content;
  const load = async (): Promise<Uint8Array> => {
    const data = pixelsFrom(fields, content.pixels);
    return convertPixels({ width: side, height: side, channels, data }, target);
  };
  return { name: row, label, split, load };
}

/** Tables that went through a program with floating-point numbers have 7.0 for 7. */
function withoutZeroFraction(label: string): string {
  return label.replace(/^(\d+)\.0+$/, '$1');
}

function pixelsFrom(fields: readonly string[], columns: readonly number[]): Uint8Array {
  const pixels = new Uint8Array(columns.length);
  for (const [position, column] of columns.entries()) {
    const text = fields[column]!;
    const value = text === '' ? NaN : Number(text);
    if (!(value >= 0 && value <= 255) || !Number.isInteger(value)) {
      throw new RejectionError(`pixel ${position + 1} is "${text.slice(0, 20)}", not a whole number from 0 to 255`);
    }
    pixels[position] = value;
  }
  return pixels;
}
