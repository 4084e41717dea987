import { stripVTControlCharacters } from 'node:util';

import { Chalk } from 'chalk';
import { expect, it } from 'vitest';

import type { Picture } from '../../../src/reports/drawing/picture.js';
import { cleanText } from '../../../src/cli/terminal/clean.js';
import { gallery, halfBlocks } from '../../../src/cli/terminal/half-blocks.js';

const plain = new Chalk({ level: 0 });
const colored = new Chalk({ level: 1 });
const picture: Picture = {
  width: 4,
  height: 3,
  channels: 1,
  data: Uint8Array.from([0, 255, 0, 255, 0, 0, 255, 255, 255, 0, 0, 200]),
};

it('without colours, two pixels become one of four characters', () => {
  expect(halfBlocks(picture, plain)).toEqual([' ▀▄█', '▀  ▀']);
});

it('with colours, each half has its own: above the text’s, below the ground’s', () => {
  const line = cleanText(halfBlocks(picture, colored)[0]!);
  expect(stripVTControlCharacters(line)).toBe('▀▀▀▀');
  // Of 256 colours, 16 is black and 231 is white.
  const codes = [...line.matchAll(/\[(\d8);5;(\d+)m/g)].map(([, ground, color]) => [ground, color]);
  expect(codes).toEqual(
    [
      [16, 16],
      [231, 16],
      [16, 231],
      [231, 231],
    ].flatMap(([above, below]) => [
      ['38', String(above)],
      ['48', String(below)],
    ]),
  );
});

it('a picture of one brightness is drawn blank', () => {
  const blank: Picture = { width: 2, height: 2, channels: 1, data: new Uint8Array(4).fill(9) };
  expect(halfBlocks(blank, plain)).toEqual(['  ']);
});

it('a gallery breaks into lines that fit, each picture under its name', () => {
  const shown = ['one', 'seven', 'eleven'].map((name) => ({ name, picture }));
  const lines = gallery(shown, 10, plain).split('\n');
  expect(lines).toEqual(['one  sev…', ' ▀▄█  ▀▄█', '▀  ▀ ▀  ▀', 'ele…', ' ▀▄█', '▀  ▀']);
});
