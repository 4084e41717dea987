import { readFile } from 'node:fs/promises';

import type { PrivacyEvent } from '../../src/training/privacy/accounting/index.js';

/** ε of private runs by Opacus (Rényi) and by dp-accounting (PLD), made by bench/fixtures/make_privacy_fixture.py. */
export const privacyFixture = JSON.parse(
  await readFile(new URL('../fixtures/privacy-accounting.json', import.meta.url), 'utf8'),
) as {
  delta: number;
  cases: { name: string; event: PrivacyEvent; renyi: number; pld: number }[];
};
