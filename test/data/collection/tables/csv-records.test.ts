import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readCsvRecords, type CsvRecord } from '../../../../src/data/collection/tables/csv-records.js';
import { toolkitError } from '../../../support/errors.js';
import { temporaryFolder } from '../../../support/folders.js';

async function recordsOf(text: string, separator = ','): Promise<CsvRecord[]> {
  const path = join(await temporaryFolder(), 'table.csv');
  await writeFile(path, text);
  return listOf(readCsvRecords(path, separator));
}

async function listOf(records: AsyncIterable<CsvRecord>): Promise<CsvRecord[]> {
  const list: CsvRecord[] = [];
  for await (const record of records) list.push(record);
  return list;
}

describe('readCsvRecords', () => {
  it('counts lines, also those within quotation marks and empty ones', async () => {
    expect(await recordsOf('\ufeffa,b\r\n\n  \n"two\nlines",1\nlast,2')).toEqual([
      { line: 1, fields: ['a', 'b'] },
      { line: 4, fields: ['two\nlines', '1'] },
      { line: 6, fields: ['last', '2'] },
    ]);
  });

  it.each(['\n', '\r\n', '\r'])('reads lines that end in %j', async (end) => {
    const text = ['a,b', '', '1,"x', 'y"', '2,z', '3,"', '', '"', '4,'].join(end);
    expect(await recordsOf(text)).toEqual([
      { line: 1, fields: ['a', 'b'] },
      { line: 3, fields: ['1', `x${end}y`] },
      { line: 5, fields: ['2', 'z'] },
      { line: 6, fields: ['3', `${end}${end}`] },
      { line: 9, fields: ['4', ''] },
    ]);
  });

  it('keeps quotation marks within a field, and rows with too few or too many fields', async () => {
    expect(await recordsOf('5" disk;"say ""A"""\n;\none\n1;2;3\n', ';')).toEqual([
      { line: 1, fields: ['5" disk', 'say "A"'] },
      { line: 2, fields: ['', ''] },
      { line: 3, fields: ['one'] },
      { line: 4, fields: ['1', '2', '3'] },
    ]);
  });

  it('refuses what is no table, by its file and its line', async () => {
    const long = await toolkitError('DATA_CORRUPT', recordsOf(`a,b\n${'x'.repeat(5 * 2 ** 20)}\n`));
    expect(long.message).toMatch(/table\.csv: the record after line 1 has more than 4194304 bytes/);
    const separators = await toolkitError(
      'DATA_CORRUPT',
      recordsOf(`a,b\n1,2\n${','.repeat(6 * 2 ** 20)}\n`),
    );
    expect(separators.message).toMatch(/table\.csv: the record after line 2 has more than 4194304 bytes/);
    const fields = await toolkitError('DATA_CORRUPT', recordsOf(`a,b\n${','.repeat(3 * 2 ** 20)}\n`));
    expect(fields.message).toMatch(/table\.csv: the record in line 2 has more than 2097152 fields/);
    const open = await toolkitError('DATA_CORRUPT', recordsOf('a,b\n"c,d\ne,f\n'));
    expect(open.message).toMatch(
      /table\.csv: the record after line 1 has a quotation mark that is never closed/,
    );
  });

  it('reads more bytes of empty lines than a record may have', async () => {
    expect(await recordsOf(`a,b${'\n'.repeat(6 * 2 ** 20)}1,2`)).toMatchObject([
      { fields: ['a', 'b'] },
      { fields: ['1', '2'] },
    ]);
  });

  it('names a file that cannot be read', async () => {
    const missing = join(await temporaryFolder(), 'none.csv');
    const error = await toolkitError('DATA_UNREADABLE', listOf(readCsvRecords(missing, ',')));
    expect(error.message).toContain(missing);
  });
});
