import { describe, expect, it } from 'vitest';

import { modelsCommand } from '../../../src/cli/commands/models.js';
import { styleFor } from '../../../src/cli/terminal/style.js';
import { table } from '../../../src/cli/terminal/table.js';
import { terminalWidth } from '../../../src/cli/terminal/width.js';
import type { Call } from '../../../src/cli/command.js';

const plain = styleFor({}, false, {});

describe('terminalWidth', () => {
  it('is that of stdout, else of stderr, else of COLUMNS, else 80', () => {
    const env = { COLUMNS: '70' };
    expect(terminalWidth({ stdout: { columns: 100 }, stderr: { columns: 90 }, env })).toBe(100);
    expect(terminalWidth({ stdout: {}, stderr: { columns: 90 }, env })).toBe(90);
    expect(terminalWidth({ stdout: {}, stderr: {}, env })).toBe(70);
    expect(terminalWidth({ stdout: {}, stderr: {}, env: { COLUMNS: 'wide' } })).toBe(80);
  });
});

describe('a table', () => {
  const rows = [
    ['mnist', 'embedded', `handwritten digits, ${'as they were published '.repeat(5).trim()}`],
    ['own', 'collected', 'short'],
  ];

  it.each([80, 60, 45])('breaks the last column into lines that fit %d columns', (width) => {
    const text = table(['data set', 'state', 'description'], rows, width);
    expect(text.split('\n').filter((line) => line.length > width)).toEqual([]);
    expect(text.replaceAll(/\s+/g, ' ')).toContain('as they were published as they were published');
  });

  it('keeps rows whole without a terminal', () => {
    expect(table(['data set', 'state', 'description'], rows).split('\n')).toHaveLength(3);
  });
});

it.each([80, 70, Infinity])('mnist models fits %d columns, 80 at most', async (width) => {
  const { text } = await modelsCommand.run({} as Call<typeof modelsCommand.space>);
  const lines = text(plain, false, width).split('\n');
  expect(lines.filter((line) => line.length > Math.min(width, 80))).toEqual([]);
});
