import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { ToolkitError } from '../../../core/errors.js';
import { isFile } from '../../../core/files.js';
import { contentRoot } from '../content-root.js';
import { isByteRange, pixelRange, rescaledMessage } from '../pixel-range.js';
import { pictureChannels } from '../../imaging/importing/colour.js';
import { readCsvRecords } from '../tables/csv-records.js';
import { shapeOf, splitNamed, targetFor, unlabelledWarning, type Note, type SplitName } from '../sample.js';
import { SourceFolder } from '../source-files.js';
import { openTable, type Table } from '../tables/open-table.js';
import { tableSamples } from '../tables/table-samples.js';
import { sampleKind } from './source-kind.js';

const TABLE_NAME = /\.(csv|tsv)(\.gz)?$/i;
/** How many rows are looked at for files in colour. */
const ROWS_LOOKED_AT = 1000;
const WHOLE_NAME = /^(train|labels?|metadata|annotations)\.[ct]sv(\.gz)?$/i;

/** Tables of labels with file names or pixels: a single one, or one each for training and test. */
export const csv = sampleKind({
  name: 'csv',
  summary: 'table of labels and file names or pixels, or train.csv and test.csv',

  async recognises(place) {
    return (await findTables(place)).length > 0;
  },

  async open(place, options) {
    const opened: Table[] = [];
    for (const { path, split } of await tablesOf(place)) opened.push(await openTable(path, split));
    const [tables, notes] = labelled(opened);
    const [first] = tables;
    const { content } = first.columns;
    const files = await SourceFolder.open(dirname(first.path));
    const own =
      'file' in content
        ? await pictureChannels(await firstFiles(first, content.file), files, options)
        : { width: content.side, height: content.side, channels: content.channels };
    if ('notes' in own) notes.push(...own.notes);
    const target = targetFor(options, { ...own });
    const range = pixelRange(
      tables.flatMap(({ summaries }) => summaries),
      place,
    );
    if (!isByteRange(range)) notes.push({ event: 'notice', message: rescaledMessage(range) });
    const samples = tableSamples(tables, { files, target, range });
    return { shape: shapeOf(target), total: undefined, notes, range: range.from, samples };
  },
});

/** The files of a table's first rows. */
async function firstFiles({ path, separator, columns }: Table, column: number): Promise<string[]> {
  const names: string[] = [];
  let isHeader = columns.hasHeader;
  for await (const { fields } of readCsvRecords(path, separator)) {
    const name = fields[column]?.trim() ?? '';
    if (!isHeader && name !== '') names.push(name);
    isHeader = false;
    if (names.length === ROWS_LOOKED_AT) break;
  }
  return names;
}

interface FoundTable {
  path: string;
  split: SplitName | undefined;
}

/** Finds the tables of a source; a file is one, whatever its name. Throws SOURCE_REFUSED. */
async function tablesOf(place: string): Promise<FoundTable[]> {
  const found = await findTables(place);
  if (found.length > 0) return found;
  if (await isFile(place)) return [{ path: place, split: undefined }];
  const hint = 'use a .csv or .tsv file, or a folder with train.csv and test.csv, labels.csv or metadata.csv';
  throw new ToolkitError('SOURCE_REFUSED', { path: place, reason: 'no table found', hint });
}

async function findTables(place: string): Promise<FoundTable[]> {
  const found = await stat(place).catch(() => undefined);
  if (!found) return [];
  if (!found.isDirectory()) return TABLE_NAME.test(place) ? [{ path: place, split: undefined }] : [];
  const root = await contentRoot(place);
  const entries = await readdir(root, { withFileTypes: true });
  const names = entries
    .map(({ name }) => name)
    .filter((name) => TABLE_NAME.test(name))
    .sort();
  const bySplit = names.flatMap((name) => {
    const word = /(?:^|[^a-z])([a-z]+)\.[ct]sv(?:\.gz)?$/i.exec(name)?.[1];
    const split = word === undefined ? undefined : splitNamed(word);
    return split ? [{ path: join(root, name), split }] : [];
  });
  const splits = new Set(bySplit.map(({ split }) => split));
  if (splits.has('train') && splits.has('test')) return bySplit;
  const hasFolders = entries.some((entry) => entry.isDirectory());
  const only = names.length === 1 && !hasFolders ? names[0] : undefined;
  const whole = names.find((name) => WHOLE_NAME.test(name)) ?? only;
  return whole === undefined ? [] : [{ path: join(root, whole), split: undefined }];
}

/**
 * Selects the tables with labels, and collects the notices. If the test table has no labels, as in competitions, the training table is
 * divided. Throws SOURCE_REFUSED if the training table has no labels.
 */
function labelled(opened: readonly Table[]): [[Table, ...Table[]], Note[]] {
  const tables = opened.filter(({ columns }) => columns.label !== undefined);
  const others = opened.filter(({ columns }) => columns.label === undefined);
  const [first, ...more] = tables;
  const unlabelled = others.find(({ split }) => split !== 'test') ?? (first ? undefined : others[0]);
  if (!first || unlabelled) {
    const hint = 'name the column of the labels "label" in the first line';
    const reason = 'it has pixels, but no column of labels';
    throw new ToolkitError('SOURCE_REFUSED', { path: (unlabelled ?? opened[0])!.path, reason, hint });
  }
  const notes = [
    ...others.map(({ name }) => unlabelledWarning(name)),
    ...tables.flatMap(({ name, columns }) =>
      columns.notes.map((note) => ({ event: 'notice', message: `${name}: ${note}` }) as const),
    ),
  ];
  const hasTest = tables.some(({ split }) => split === 'test');
  if (hasTest || others.length === 0) return [[first, ...more], notes];
  const undivided = ({ split, ...table }: Table): Table => ({
    ...table,
    split: split === 'train' ? undefined : split,
  });
  return [[undivided(first), ...more.map(undivided)], notes];
}
