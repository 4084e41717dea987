import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { findPrepared } from '../../src/artifacts/prepared.js';
import { serveFields } from '../../src/stages/serve-options.js';
import { startServer, type RunningServer } from '../../src/stages/serve.js';
import { noBrowser, openInBrowser } from '../support/browser.js';
import { runCommand, QUICK } from '../support/command.js';
import { onSheet } from '../support/foreign-pictures.js';

let folder = '';
let server: RunningServer | undefined;

type Stroke = readonly (readonly [x: number, y: number])[];

/** Digits as people draw them, in parts of the pad's size. */
const SEVEN: readonly Stroke[] = [
  [
    [0.25, 0.2],
    [0.5, 0.2],
    [0.75, 0.2],
    [0.6, 0.5],
    [0.45, 0.85],
  ],
];
const ONE: readonly Stroke[] = [
  [
    [0.55, 0.15],
    [0.5, 0.5],
    [0.45, 0.85],
  ],
];

async function draw(page: Page, strokes: readonly Stroke[]): Promise<void> {
  const box = (await page.locator('#pad').boundingBox())!;
  for (const stroke of strokes) {
    for (const [index, [x, y]] of stroke.entries()) {
      const place = [box.x + x * box.width, box.y + y * box.height] as const;
      await page.mouse.move(...place, { steps: 8 });
      if (index === 0) await page.mouse.down();
    }
    await page.mouse.up();
  }
}

const answerOf = (page: Page): Promise<string | null> => page.locator('#answer').textContent();
const compared = (page: Page) => page.locator('#comparison', { hasText: 'Largest difference' }).waitFor();

describe.skipIf(noBrowser !== undefined)(`the page in a real Chromium (${noBrowser ?? 'present'})`, () => {
  beforeAll(async () => {
    const cwd = (folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-page-')));
    const { code } = await runCommand(['train', '--epochs', '8', '--run', 'drawn', ...QUICK], { cwd });
    expect(code).toBe(0);
    const options = serveFields.parse({ port: 0, threads: 1, device: 'cpu', drift: false });
    const checkpoint = join(cwd, 'checkpoints', 'drawn', 'best.safetensors');
    server = await startServer(checkpoint, options, { log: { write: () => undefined } });
  });

  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('classifies what the mouse draws, with the same answer from server and browser, and explains it', async () => {
    const { page, troubles } = await openInBrowser(`${server!.url}/`);
    await page.locator('#model', { hasText: 'drawn, version' }).waitFor();
    await draw(page, SEVEN);
    await compared(page);
    expect(await answerOf(page)).toMatch(/^7, \d/);
    const difference = /([\d.]+e[+-]\d+)$/.exec((await page.locator('#comparison').textContent()) ?? '')?.[1];
    expect(Number(difference)).toBeLessThan(1e-4);

    const before = await page.locator('#seen').screenshot();
    await page.getByLabel('Show what speaks for the answer').check();
    expect((await page.locator('#seen').screenshot()).equals(before)).toBe(false);

    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await answerOf(page)).toBe('Nothing drawn yet.');
    await draw(page, ONE);
    await compared(page);
    expect(await answerOf(page)).toMatch(/^1, \d/);
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await answerOf(page)).toBe('Nothing drawn yet.');
    expect(troubles).toEqual([]);
  });

  it('can be drawn on with the keyboard alone', async () => {
    const { page, troubles } = await openInBrowser(`${server!.url}/`);
    await page.locator('#model', { hasText: 'drawn, version' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('pad');
    for (let step = 0; step < 13; step++) await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Space');
    for (let step = 0; step < 26; step++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await compared(page);
    expect(await answerOf(page)).toMatch(/^1, \d/);
    await page.keyboard.press('Delete');
    expect(await answerOf(page)).toBe('Nothing drawn yet.');
    expect(troubles).toEqual([]);
  });

  it('works with a finger on a phone, without scrolling sideways', async () => {
    const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
    const { page, troubles } = await openInBrowser(`${server!.url}/`, phone);
    await page.locator('#model', { hasText: 'drawn, version' }).waitFor();
    const session = await page.context().newCDPSession(page);
    const box = (await page.locator('#pad').boundingBox())!;
    const touch = (type: string, x: number, y: number) =>
      session.send('Input.dispatchTouchEvent', {
        type: type as 'touchStart',
        touchPoints: type === 'touchEnd' ? [] : [{ x: box.x + x * box.width, y: box.y + y * box.height }],
      });
    await touch('touchStart', 0.5, 0.15);
    for (let y = 0.2; y < 0.9; y += 0.05) await touch('touchMove', 0.5, y);
    await touch('touchEnd', 0.5, 0.85);
    await compared(page);
    expect(await answerOf(page)).toMatch(/^1, \d/);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
    expect(troubles).toEqual([]);
  });

  it('opens a picture of a digit', async () => {
    const { page, troubles } = await openInBrowser(`${server!.url}/`);
    await page.locator('#model', { hasText: 'drawn, version' }).waitFor();
    const data = (await findPrepared(inject('dataDir'), 'mnist'))!;
    const { width, height, rgba } = onSheet(data.test.pixels.subarray(0, 784), 6, (ink) => 255 - ink);
    const buffer = await sharp(rgba, { raw: { width, height, channels: 4 } })
      .png()
      .toBuffer();
    await page.locator('#file').setInputFiles({ name: 'seven.png', mimeType: 'image/png', buffer });
    await compared(page);
    expect(await answerOf(page)).toMatch(/^7, \d/);
    expect(troubles).toEqual([]);
  });
});
