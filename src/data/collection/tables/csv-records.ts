import { ToolkitError } from '../../../core/errors.js';
import { corruptError } from '../../../core/files.js';

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
  let open: ReadRecord | undefined;
  for await (const lines of linesOf(chunks, path)) {
    for (const line of lines) {
      number++;
      if (!open) start = number;
      if (!open && line.trim() === '') continue;
      const record = readLine(line, separator, open);
      if (record.length > MAX_RECORD_CHARACTERS) throw tooLong(path, start);
      open = record.openField === undefined ? undefined : record;
      if (!open) yield { line: start, fields: record.fields };
    }
  }
  if (open) {
    const reason = `a quotation mark in line ${start} is never closed`;
    throw corruptError(path, reason);
  }
}

/** The lines that each piece completes. */
async function* linesOf(chunks: AsyncIterable<string>, path: string): AsyncGenerator<string[]> {
  let rest = '';
  let isFirst = true;
  for await (const chunk of chunks) {
    // A byte order mark is not a part of the first column's name.
    const lines = (rest + (isFirst ? chunk.replace(/^\ufeff/, '') : chunk)).split('\n');
    isFirst = false;
    rest = lines.pop()!;
    yield lines.map(withoutReturn);
    if (rest.length > MAX_RECORD_CHARACTERS) throw tooLong(path);
  }
  if (rest !== '') yield [withoutReturn(rest)];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** A record as far as it was read. */
interface ReadRecord {
  fields: string[];
  /** The characters of its lines. */
  length: number;
  /** Of a field whose quotation mark is not closed yet, so that the record has more lines. */
  openField?: string;
}

/** Reads a line as the next one of an open record, or as the first of another; no line is gone through twice. */
function readLine(line: string, separator: string, open: ReadRecord | undefined): ReadRecord {
  const fields = open?.fields ?? [];
  const length = (open?.length ?? 0) + line.length + 1;
  let field = open ? `${open.openField ?? ''}\n` : '';
  let isQuoted = open !== undefined;
  let at = 0;
  for (;;) {
    if (!isQuoted && line[at] === '"') {
      isQuoted = true;
      at++;
    }
    while (isQuoted) {
      const end = line.indexOf('"', at);
      if (end < 0) return { fields, length, openField: field + line.slice(at) };
      field += line.slice(at, end);
      at = end + 1;
      isQuoted = line[at] === '"';
      // Two quotation marks within quotation marks stand for one.
      if (isQuoted) field += line[at++]!;
    }
    const end = line.indexOf(separator, at);
    fields.push(field + line.slice(at, end < 0 ? undefined : end));
    if (end < 0) return { fields, length };
    at = end + 1;
    field = '';
  }
}

function tooLong(path: string, line?: number): ToolkitError {
  const where = line === undefined ? 'a line' : `the record in line ${line}`;
  const reason = `${where} has more than ${MAX_RECORD_CHARACTERS} characters: not a table`;
  return corruptError(path, reason);
}
