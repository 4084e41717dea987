import { Chalk } from 'chalk';
import { expect, it } from 'vitest';

import { servedText } from '../../../../src/cli/terminal/results/serve.js';

const result = { url: 'http://127.0.0.1:1', model: 'mnist', models: ['mnist'], seconds: 3 };

it('says that every request was answered only where none was cut off', () => {
  const text = (cutOff: number): string => servedText({ ...result, cutOff }, new Chalk({ level: 0 }));
  expect(text(0)).toMatch(/^served mnist for .*; every request was answered$/);
  expect(text(1)).toMatch(/; 1 request cut off unanswered/);
  expect(text(2)).toMatch(/; 2 requests cut off unanswered/);
  expect(text(2)).not.toContain('every request');
});
