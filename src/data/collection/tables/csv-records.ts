import { pipeline, Readable } from 'node:stream';

import { CsvError, parse, type Parser } from 'csv-parse';

import { corruptError, readError } from '../../../core/files.js';
import { isToolkitError } from '../../../core/errors.js';
import { tableText } from './table-text.js';

/** A record of a table, and the line that it starts on, from 1. */
export interface CsvRecord {
  line: number;
  fields: string[];
}

/** Enough for a row of 512×512 RGB pixels; protects against files without line ends. */
const MAX_RECORD_BYTES = 4 * 2 ** 20;
/** What the parser may lag behind the reader, in bytes: a few chunks. */
const MAX_LAG_BYTES = 2 ** 20;
/** As many non-empty fields as fit into such a record. */
const MAX_FIELDS = MAX_RECORD_BYTES / 2;

/**
 * Reads a table record by record, skipping empty lines and a separator declaration. Throws DATA_CORRUPT for a record that is too long or
 * a quotation mark that is never closed, and the errors of `tableText`.
 */
export async function* readCsvRecords(path: string, separator: string): AsyncGenerator<CsvRecord> {
  const parser = parse({
    bom: true,
    delimiter: separator,
    // Some tables mix line ends; with auto-discovery, the others would become part of a field.
    record_delimiter: ['\r\n', '\n', '\r'],
    // A row with too many or too few fields is rejected alone.
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
    info: true,
  });
  const text = Readable.from(limitedText(path, parser), { objectMode: true, highWaterMark: 1 });
  // Ends both streams together; the parser passes on errors of the file.
  pipeline(text, parser, () => undefined);
  let [lines, doubled] = [0, 0];
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
      const isLong = info.lines - doubled > lines + 1;
      const within = isLong ? lineEndsIn(record) : [];
      // csv-parse counts CR LF inside quotes as two lines.
      doubled += within.filter((end) => end === '\r\n').length;
      lines = info.lines - doubled;
      if (record.length > MAX_FIELDS)
        throw corruptError(
          path,
          `the record in line ${lines} has more than ${MAX_FIELDS} fields: not a table`,
        );
      if (record.length === 1 && record[0]!.trim() === '') continue;
      if (lines === 1 && declaresSeparator(record)) continue;
      yield { line: lines - within.length, fields: record };
    }
  } catch (error) {
    if (error instanceof CsvError) throw corruptError(path, reasonOf(error, lines), error);
    throw isToolkitError(error) ? error : readError(error, path);
  }
}

/** The text of a table; the parser's own limit does not count separators. Throws DATA_CORRUPT for a record that is too long. */
async function* limitedText(path: string, { info }: Parser): AsyncGenerator<Buffer | string> {
  let [records, bytes] = [0, 0];
  for await (const chunk of tableText(path)) {
    if (info.records + info.empty_lines > records) [records, bytes] = [info.records + info.empty_lines, 0];
    bytes += chunk.length;
    if (bytes > MAX_RECORD_BYTES + MAX_LAG_BYTES) throw corruptError(path, tooLong(info.lines - 1));
    yield chunk;
  }
}

function tooLong(lines: number): string {
  return `the record after line ${lines} has more than ${MAX_RECORD_BYTES} bytes: not a table`;
}

interface ParsedRecord {
  record: string[];
  /** `lines`: the number of lines read, including this record. */
  info: { lines: number };
}

/** Whether a record is `sep=;`, which its separator splits unless it is quoted. */
function declaresSeparator(fields: readonly string[]): boolean {
  return fields.length <= 2 && /^sep=.?$/i.test(fields[0]!) && (fields[1] ?? '') === '';
}

/** The line ends inside quotes. */
function lineEndsIn(fields: readonly string[]): string[] {
  return fields.flatMap((field) => field.match(/\r\n|[\r\n]/g) ?? []);
}

/** @param lines the number of lines before the faulty record */
function reasonOf({ code, message }: CsvError, lines: number): string {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return `the record after line ${lines} has a quotation mark that is never closed`;
    case 'CSV_MAX_RECORD_SIZE':
      return tooLong(lines);
    default:
      return message;
  }
}
