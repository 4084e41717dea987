import { pipeline, Readable } from 'node:stream';

import { CsvError, parse } from 'csv-parse';

import { corruptError, readError } from '../../../core/files.js';
import { isToolkitError } from '../../../core/errors.js';
import { tableText } from './table-text.js';

/** One record of a table, and the line that it starts on, from 1. */
export interface CsvRecord {
  line: number;
  fields: string[];
}

/** A row of 512×512 pixels in three channels fits; a file without line ends is no table. */
const MAX_RECORD_BYTES = 4 * 2 ** 20;

/**
 * Reads a table record by record; empty lines and a first line that declares the separator are passed over. Throws DATA_CORRUPT where a
 * record is longer than any real one or a quotation mark is never closed, and what `tableText` throws; all name the file.
 *
 * @param separator the character between fields
 */
export async function* readCsvRecords(path: string, separator: string): AsyncGenerator<CsvRecord> {
  const parser = parse({
    bom: true,
    delimiter: separator,
    // Some tables mix the two; found out by the first line, the other would become a part of a field.
    record_delimiter: ['\r\n', '\n'],
    // A row with a field too many costs itself alone.
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
    info: true,
  });
  // What ends one stream ends the other; an error of the file comes out of the parser.
  pipeline(Readable.from(tableText(path), { objectMode: true, highWaterMark: 1 }), parser, () => undefined);
  let lines = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
      lines = info.lines;
      if (record.length === 1 && record[0]!.trim() === '') continue;
      if (lines === 1 && declaresSeparator(record)) continue;
      yield { line: lines - lineEndsIn(record), fields: record };
    }
  } catch (error) {
    if (error instanceof CsvError) throw corruptError(path, reasonOf(error, lines), error);
    throw isToolkitError(error) ? error : readError(error, path);
  }
}

interface ParsedRecord {
  record: string[];
  /** `lines`: how many were read, those of this record included. */
  info: { lines: number };
}

/** `sep=;`, split at its own separator unless it is quoted. */
function declaresSeparator(fields: readonly string[]): boolean {
  return fields.length <= 2 && /^sep=.?$/i.test(fields[0]!) && (fields[1] ?? '') === '';
}

/** Line ends within quotation marks. */
function lineEndsIn(fields: readonly string[]): number {
  return fields.reduce((sum, field) => (field.includes('\n') ? sum + field.split('\n').length - 1 : sum), 0);
}

/** @param lines how many were read before the record at fault */
function reasonOf({ code, message }: CsvError, lines: number): string {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return `the record after line ${lines} has a quotation mark that is never closed`;
    case 'CSV_MAX_RECORD_SIZE':
      return `the record after line ${lines} has more than ${MAX_RECORD_BYTES} bytes: not a table`;
    default:
      return message;
  }
}
