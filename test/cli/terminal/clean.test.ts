import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { cleanDeep, cleanLine, cleanText } from '../../../src/cli/terminal/clean.js';
import { halfBlocks } from '../../../src/cli/terminal/half-blocks.js';
import { createReporter } from '../../../src/cli/terminal/index.js';
import { styleFor } from '../../../src/cli/terminal/style.js';
import { table } from '../../../src/cli/terminal/table.js';
import { writeText } from '../../../src/cli/terminal/text.js';
import { ToolkitError } from '../../../src/core/errors.js';
import type { ToolkitEvent } from '../../../src/core/events.js';
import { escapeJson } from '../../../src/core/formats/unsafe-characters.js';

const ESC = '\u001b';
const style = styleFor({ isTTY: true }, true, { FORCE_COLOR: '1' });

/** What must never reach a terminal from a name: each changes what is seen. */
const hostile: [string, string][] = [
  ['a title', `${ESC}]0;PWNED\u0007`],
  ['a colour', `${ESC}[5m`],
  ['a hidden text', `${ESC}[8m`],
  ['a cleared screen', `${ESC}[2J`],
  ['a link', `${ESC}]8;;http://example.org\u001b\\`],
  ['an 8-bit sequence', '\u009b31m'],
  ['a string of an 8-bit terminal', '\u0090q\u009c'],
  ['a return', 'safe\rerror'],
  ['a backspace', 'ab\b\b'],
  ['a bell', '\u0007'],
  ['a deletion', '\u007f'],
  ['a direction', '\u202egnp.exe'],
  ['an isolate', '\u2066x\u2069'],
  ['a mark', '\u200e\u200f\u061c'],
  ['a separator', 'a\u2028b\u2029c'],
  ['nothing visible', 'a\u200bb\ufeffc\u00add'],
  ['tags', '\u{e0041}\u{e007f}'],
  ['half a character', '\ud800'],
  ['a signature that was guessed', `${ESC}[31;1234;1234;1234m`],
];

// eslint-disable-next-line no-control-regex -- these are what is looked for
const RAW = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

describe('cleaning', () => {
  it.each(hostile)('spells %s out', (_, text) => {
    for (const clean of [cleanText(text), cleanLine(text)]) {
      expect(clean).not.toMatch(RAW);
      expect(clean).toMatch(/\\[xu]/);
    }
  });

  it('keeps texts of all languages, emoji that are joined, and line breaks between lines alone', () => {
    const text = 'Größe 数字 שלום می‌خواهم 👩‍🔬';
    expect(cleanLine(text)).toBe(text);
    expect(cleanText(`a\n\tb`)).toBe('a\n\tb');
    expect(cleanLine(`a\n\tb`)).toBe(String.raw`a\n\x09b`);
  });

  it.each(hostile)('keeps this program’s colours around %s', (_, text) => {
    const clean = cleanText(style.bold(`${style.red(text)} after`));
    expect(clean.startsWith(`${ESC}[1m${ESC}[31m`)).toBe(true);
    expect(clean.endsWith(`${ESC}[22m`)).toBe(true);
    expect(clean.split(ESC)).toHaveLength(5);
    expect(cleanText(style.bold(cleanLine(style.red(text))))).toContain(`${ESC}[31m`);
  });

  it('begins a style anew after another that ends like it, and at each line', () => {
    const clean = cleanText(style.bold(`a${style.dim('b')}c\nd`));
    expect(clean).toBe(
      [`${ESC}[1ma${ESC}[2mb${ESC}[22m`, `${ESC}[1mc${ESC}[22m\n${ESC}[1md${ESC}[22m`].join(''),
    );
  });

  it('escapes JSON so that it means the same', () => {
    const value = { text: hostile.map(([, text]) => text).join('\n') };
    const json = escapeJson(`${JSON.stringify(value)}\n`);
    expect(json.trimEnd()).not.toMatch(RAW);
    expect(JSON.parse(json)).toEqual(value);
  });

  it('leaves numbers alone', () => {
    const numbers = new Float32Array([1, 2]);
    expect(cleanDeep({ a: ['\u0007', 1, null], numbers })).toEqual({
      a: [String.raw`\x07`, 1, null],
      numbers,
    });
    expect(cleanDeep({ numbers }).numbers).toBe(numbers);
  });
});

it('cells of a table stay in their line, and its colours in the terminal', () => {
  const text = table(['name', 'of'], [[`a\nerror: all is lost${ESC}[2J`, style.red('b')]]);
  expect(text.split('\n')).toHaveLength(2);
  expect(cleanText(text)).toContain(`${ESC}[31mb${ESC}[39m`);
  expect(cleanText(text).split(ESC)).toHaveLength(3);
});

it('pictures keep their colours', () => {
  const picture = { width: 1, height: 2, channels: 1 as const, data: Uint8Array.of(0, 255) };
  expect(cleanText(halfBlocks(picture, style).join('\n'))).toMatch(
    // eslint-disable-next-line no-control-regex -- the colours of a pixel
    /^\u001b\[48;5;\d+m\u001b\[38;5;\d+m▀\u001b\[39m\u001b\[49m$|^\u001b\[38;5;\d+m\u001b\[48;5;\d+m▀\u001b\[49m\u001b\[39m$/,
  );
});

describe.each([
  { json: false, quiet: false },
  { json: true, quiet: false },
  { json: false, quiet: true },
])('a reporter (%j)', (kind) => {
  const events = (name: string): ToolkitEvent[] => [
    { event: 'notice', message: name },
    { event: 'warning', code: 'X', message: name, hint: name },
    { event: 'run', run: name, folder: name },
    { event: 'transfer', checkpoint: name, taken: [name], fresh: [name], frozen: [] },
    { event: 'model', model: name, description: name, parameters: 1 },
    { event: 'listening', url: name, model: name, version: name, models: [name] },
    { event: 'progress', task: name, done: 1, total: 2, unit: 'bytes' },
  ];

  it.each(hostile)('never writes %s', (_, text) => {
    let written = '';
    const stream = (): PassThrough => new PassThrough().on('data', (chunk) => (written += String(chunk)));
    const terminal = { stdout: stream(), stderr: stream(), env: {} };
    const reporter = createReporter({ ...kind, color: false, verbose: true }, terminal);
    for (const event of events(`a${text}\nb`)) reporter.event(event);
    reporter.error(new ToolkitError('USAGE', { message: text, hint: text }, { cause: new Error(text) }));
    writeText(terminal.stdout, `${text}\n`);
    reporter.outcome({ data: { text }, text: (paint) => paint.bold(text) });
    reporter.close();
    expect(written).not.toMatch(RAW);
    expect(written).toContain('\\');
  });
});
