import { expect, it } from 'vitest';

import { servedText } from '../../../../src/cli/terminal/results/serve.js';
import { styleOf } from '../../../../src/cli/terminal/style.js';

const result = { url: 'http://127.0.0.1:1', model: 'mnist', seconds: 3 };

it('says that every request was answered only where none was cut off', () => {
  const text = (cutOff: number): string => servedText({ ...result, cutOff }, styleOf(false));
  expect(text(0)).toMatch(/^served mnist for .*; every request was answered$/);
  expect(text(1)).toMatch(/; 1 request cut off unanswered/);
  expect(text(2)).toMatch(/; 2 requests cut off unanswered/);
  expect(text(2)).not.toContain('every request');
});
