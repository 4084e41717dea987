import { ToolkitError } from '../core/errors.js';

/** One record of a table, and the line that it starts on, from 1. */
export interface CsvRecord {
  line: number;
  fields: string[];
}

/** A row of 512×512 pixels in three channels fits; a file without line ends is no table. */
const MAX_RECORD_CHARACTERS = 4 * 2 ** 20;

/**
 * Reads comma-separated values (RFC 4180) piece by piece; empty lines are passed over. Throws DATA_CORRUPT, which names `path`, where a
 * record is longer than any real one or a quotation mark is never closed.
 *
 * @param separator a comma, a semicolon or a tab
 */
export async function* readCsvRecords(
  chunks: AsyncIterable<string>,
  separator: string,
  path: string,
): AsyncGenerator<CsvRecord> {
  let start = 0;
  let number = 0;
  // The lines of a record so far; more than one only where a quoted field holds a line end.
  let open = '';
  for await (const line of linesOf(chunks, path)) {
    number++;
    if (open === '') start = number;
    const record = open === '' ? line : `${open}\n${line}`;
    if (record.length > MAX_RECORD_CHARACTERS) throw tooLong(path, start);
    if (!record.includes('"')) {
      if (record.trim() !== '') yield { line: start, fields: record.split(separator) };
      continue;
    }
    const fields = splitQuoted(record, separator);
    open = fields ? '' : record;
    if (fields) yield { line: start, fields };
  }
  if (open !== '') {
    const reason = `a quotation mark in line ${start} is never closed`;
    throw new ToolkitError('DATA_CORRUPT', { path, reason });
  }
}

async function* linesOf(chunks: AsyncIterable<string>, path: string): AsyncGenerator<string> {
  let rest = '';
  let isFirst = true;
  for await (const chunk of chunks) {
    // A byte order mark is not a part of the first column's name.
    rest += isFirst ? chunk.replace(/^\ufeff/, '') : chunk;
    isFirst = false;
    let from = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
      yield rest.slice(from, rest[end - 1] === '\r' && end > from ? end - 1 : end);
      from = end + 1;
    }
    rest = rest.slice(from);
    if (rest.length > MAX_RECORD_CHARACTERS) throw tooLong(path);
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
}

/** The fields of a record with quotation marks, or undefined where one is still open. */
function splitQuoted(record: string, separator: string): string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let field = '';
    if (record[at] === '"') {
      for (;;) {
        const end = record.indexOf('"', at + 1);
        if (end < 0) return undefined;
        field += record.slice(at + 1, end);
        at = end + 1;
        if (record[at] !== '"') break;
        // Two quotation marks within quotation marks stand for one.
        field += '"';
      }
    }
    const end = record.indexOf(separator, at);
    fields.push(field + record.slice(at, end < 0 ? undefined : end));
    if (end < 0) return fields;
    at = end + 1;
  }
}

function tooLong(path: string, line?: number): ToolkitError {
  const where = line === undefined ? 'a line' : `the record in line ${line}`;
  const reason = `${where} has more than ${MAX_RECORD_CHARACTERS} characters: not a table`;
  return new ToolkitError('DATA_CORRUPT', { path, reason });
}
