import { basename } from 'node:path';

import { corruptError } from '../../../core/files.js';
import type { SplitName } from '../sample.js';
import { summarize, type ValueSummary } from '../pixel-range.js';
import { numberIn } from './cells.js';
import { findColumns, isNumbersAlone, meaningfulColumns, type CsvColumns } from './csv-columns.js';
import { readCsvRecords } from './csv-records.js';
import { EndColumns } from './label-position.js';
import { separatorOf } from './separator.js';

/** An opened table: its columns, and the split of its rows if no column defines it. */
export interface Table {
  path: string;
  name: string;
  separator: string;
  columns: CsvColumns;
  split: SplitName | undefined;
  /** The pixel ranges of its first rows. */
  summaries: ValueSummary[];
}

/** The number of rows and fields sampled before a table is read. */
const SAMPLE_ROWS = 500;
const SAMPLE_FIELDS = 2 ** 20;

/** Opens a table and detects its columns. Throws SOURCE_REFUSED, DATA_CORRUPT and DATA_UNREADABLE. */
export async function openTable(path: string, split: SplitName | undefined): Promise<Table> {
  const separator = await separatorOf(path);
  const records = await firstRecords(path, separator);
  const [first] = records;
  if (!first) throw corruptError(path, 'empty');
  const labelAt = isNumbersAlone(first) ? await labelPosition(path, separator, records) : 'first';
  const columns = findColumns(records, path, labelAt);
  const rows = columns.hasHeader ? records.slice(1) : records;
  return {
    path,
    name: basename(path),
    separator,
    columns,
    split,
    summaries: summariesOf(rows, columns, separator),
  };
}

async function firstRecords(path: string, separator: string): Promise<string[][]> {
  const records: string[][] = [];
  let fieldCount = 0;
  for await (const { fields } of readCsvRecords(path, separator)) {
    records.push(fields);
    fieldCount += fields.length;
    if (records.length === SAMPLE_ROWS || fieldCount > SAMPLE_FIELDS) break;
  }
  return records;
}

/** The position of the label in a table without names; reads all rows if the first ones are ambiguous. */
async function labelPosition(
  path: string,
  separator: string,
  records: readonly (readonly string[])[],
): Promise<'first' | 'last'> {
  const { from, to } = meaningfulColumns(records);
  const sample = new EndColumns();
  for (const fields of records) if (fields.length >= to) sample.add(fields.slice(from, to));
  const decided = sample.decide();
  if (decided) return decided;
  const all = new EndColumns();
  for await (const { fields } of readCsvRecords(path, separator)) {
    if (fields.length >= to) all.add([fields[from]!, fields[to - 1]!]);
  }
  return all.decideFinally(path);
}

function summariesOf(
  rows: readonly (readonly string[])[],
  { content, count }: CsvColumns,
  separator: string,
): ValueSummary[] {
  if ('file' in content) return [];
  return rows.flatMap((fields) => {
    if (fields.length < count) return [];
    return summarize(content.pixels.map((at) => numberIn(fields[at]!, separator !== ','))) ?? [];
  });
}
