import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';
import { beforeAll, describe, expect, inject, it } from 'vitest';

import { preparedFolder, writePrepared } from '../../../src/artifacts/prepared.js';
import { showDataset } from '../../../src/stages/datasets/show-dataset.js';
import { showDatasetFields } from '../../../src/stages/datasets/show-dataset-options.js';
import { temporaryFolder } from '../../support/folders.js';
import { UNSEEN } from '../../support/hostile-names.js';
import type { Inspection } from '../../support/inspection.js';
import { smallImages } from '../../support/small-model.js';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** A set whose names want escaping, with a quality report of every kind of finding. */
async function hostileSet(): Promise<{ dataDir: string; card: string }> {
  const dataDir = await temporaryFolder();
  const classNames = ['<script>alert(1)</script>', 'a & "b"', "it's\u0007 \u202egnp", 'empty'];
  const train = smallImages(40, 16, 3);
  const description = {
    format: 'mnist-train/prepared',
    version: 1,
    dataset: 'hostile',
    classNames,
    shape: train.shape,
    defaults: { scaling: 'zero-one', validationSplit: 0.2, seed: 1 },
    fingerprint: 'f'.repeat(64),
    licence: '</td><img src=x onerror=alert(2)>',
    origin: 'nowhere\u001b[31m \u2066',
  } as const;
  await writePrepared(dataDir, { ...description, classNames: [...classNames] }, train, smallImages(9, 16, 3));
  const report = { outliers: { train: [1, 2, 99_999], test: [] }, duplicates: { train: [[3, 4]], test: [] } };
  await writeFile(join(preparedFolder(dataDir, 'hostile'), 'quality.json'), JSON.stringify(report));
  return { dataDir, card: join(dataDir, 'card.html') };
}

it('a card needs no other file, and nothing in a data set becomes markup', async () => {
  const { dataDir, card } = await hostileSet();
  const view = await showDataset('hostile', showDatasetFields.parse({ dataDir, card }));
  expect(view.findings?.map(({ count }) => count)).toEqual([3, 1]);
  const html = await readFile(card, 'utf8');
  // Of scripts, it has the page's own alone.
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html.replace(/<script>.*/s, '')).not.toMatch(/<script|<img src=x|https?:/);
  expect(html).not.toMatch(UNSEEN);
  expect(html.match(/<img /g)).toHaveLength(3 + 4 + 4);
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g))
    expect(address).toMatch(/^(data:|#content$)/);
  expect(html).toContain('a &amp; &quot;b&quot;');
  expect(html).toContain('train 99999 (no such image)');
});

// Debian's browser; .ci/run may install it, and elsewhere the page is tested as text alone.
describe.skipIf(!existsSync(CHROMIUM))(`a card in ${CHROMIUM} (skipped where there is none)`, () => {
  let address = '';
  let inspection = '';
  beforeAll(async () => {
    inspection = await readFile(new URL('../../support/inspect-page.js', import.meta.url), 'utf8');
    const card = join(tmpdir(), `mnist-train-card-${process.pid}.html`);
    await showDataset('mnist', showDatasetFields.parse({ dataDir: inject('dataDir'), card }));
    address = pathToFileURL(card).href;
    return () => rm(card);
  });

  for (const { name, width, colorScheme } of [
    { name: 'a desk, light', width: 1280, colorScheme: 'light' },
    { name: 'a phone, dark', width: 360, colorScheme: 'dark' },
  ] as const) {
    it(`${name}: no message, no request, nothing beyond the edge, every text legible`, async () => {
      const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
      try {
        const page = await browser.newPage({ viewport: { width, height: 740 }, colorScheme });
        const messages: string[] = [];
        page.on('console', (message) => messages.push(message.text()));
        page.on('pageerror', (error) => messages.push(error.message));
        page.on('request', (request) => {
          if (!request.url().startsWith('data:') && request.url() !== address) messages.push(request.url());
        });
        await page.goto(address);
        const found = await page.evaluate<Inspection>(inspection);
        expect(messages).toEqual([]);
        expect(found.overflow).toBe(0);
        expect(found.brokenImages).toBe(0);
        expect(found.images).toBeGreaterThanOrEqual(20);
        expect(found.unnamed).toEqual([]);
        expect(found.isDark).toBe(colorScheme === 'dark');
        // WCAG 2.2, 1.4.3.
        expect(found.contrast).toBeGreaterThanOrEqual(4.5);
        // The last bar: class 9 of the training, validation and test images.
        await page.locator('.plot').first().focus();
        await page.keyboard.press('End');
        expect(await page.locator('.tip').innerText()).toMatch(
          /^9\ntraining [\d,]+\nvalidation [\d,]+\ntest [\d,]+$/,
        );
        await page.locator('.plot').nth(1).focus();
        await page.keyboard.press('Home');
        expect(await page.locator('.tip').innerText()).toMatch(/^Pixel value 0\npixels [\d,]{9,}$/);
        expect(found.headings).toEqual(['H1', 'H2', 'H2', 'H2', 'H2', 'H2', 'H3', 'H3', 'H3', 'H2']);
      } finally {
        await browser.close();
      }
    });
  }
});
