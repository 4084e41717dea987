import { convertPixels, decodeImage, type ImageTarget } from '../../imaging/importing/decode.js';
import { RejectionError, type Rejection } from '../../rejection.js';
import { byteOf, isByteRange, rangeContradiction, type PixelRange } from '../pixel-range.js';
import { splitNamed, type Sample, type SplitName } from '../sample.js';
import type { SourceFolder } from '../source-files.js';
import { labelIn, numberIn } from './cells.js';
import { readCsvRecords, type CsvRecord } from './csv-records.js';
import type { Table } from './open-table.js';
import type { PixelColumns } from './pixel-order.js';

/** The context for converting rows to samples. */
export interface TableContext {
  files: SourceFolder;
  target: ImageTarget;
  range: PixelRange;
}

/** Yields the rows of labelled tables as samples. */
export async function* tableSamples(
  tables: readonly Table[],
  context: TableContext,
): AsyncGenerator<Sample | Rejection> {
  for (const table of tables) {
    let isHeader = table.columns.hasHeader;
    for await (const record of readCsvRecords(table.path, table.separator)) {
      if (!isHeader) yield sampleOf(record, table, context);
      isHeader = false;
    }
  }
}

function sampleOf({ line, fields }: CsvRecord, table: Table, context: TableContext): Sample | Rejection {
  const { columns, separator } = table;
  const row = `${table.name}:${line}`;
  // A trailing separator adds an empty field.
  const isWhole =
    fields.length === columns.count || (fields.length === columns.count + 1 && fields.at(-1) === '');
  if (!isWhole) {
    return { name: row, reason: `${fields.length} fields, but the table has ${columns.count} columns` };
  }
  const label = labelIn(fields[columns.label!]!, separator !== ',');
  const split = splitOf(fields, table);
  if (typeof split === 'object') return { name: row, label, ...split };
  const { content } = columns;
  if ('file' in content) {
    const name = fields[content.file]!.trim();
    if (name === '') return { name: row, label, reason: 'no file name' };
    const load = async (): Promise<Uint8Array> => decodeImage(await context.files.read(name), context.target);
    return { name, label, split, load };
  }
  const { side, channels } = content;
  const load = async (): Promise<Uint8Array> => {
    const data = pixelsFrom(fields, content, table, row, context.range);
    return convertPixels({ width: side, height: side, channels, data }, context.target);
  };
  return { name: row, label, split, load };
}

/** The split in a row, or that of its table. */
function splitOf(
  fields: readonly string[],
  { columns, split }: Table,
): SplitName | undefined | { reason: string } {
  if (columns.split === undefined) return split;
  const name = fields[columns.split]!;
  return splitNamed(name) ?? { reason: `the split "${name}" is neither train, validation nor test` };
}

function pixelsFrom(
  fields: readonly string[],
  { pixels: columns }: PixelColumns,
  { path, separator }: Table,
  row: string,
  range: PixelRange,
): Uint8Array {
  const isDecimalComma = separator !== ',';
  const isBytes = isByteRange(range);
  const pixels = new Uint8Array(columns.length);
  for (const [position, column] of columns.entries()) {
    const text = fields[column]!;
    const value = numberIn(text, isDecimalComma);
    const byte = isBytes ? wholeByte(value) : byteOf(value, range);
    if (byte === undefined) {
      if (!isBytes && Number.isFinite(value)) throw rangeContradiction(path, row, value, range);
      const quoted = `pixel ${position + 1} is "${text.slice(0, 20)}"`;
      throw new RejectionError(`${quoted}, not a ${isBytes ? 'whole number from 0 to 255' : 'number'}`);
    }
    pixels[position] = byte;
  }
  return pixels;
}

function wholeByte(value: number): number | undefined {
  return value >= 0 && value <= 255 && Number.isInteger(value) ? value : undefined;
}
