import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { findPrepared } from '../../src/artifacts/prepared.js';
import { serveFields } from '../../src/stages/serve-options.js';
import { startServer, type RunningServer } from '../../src/stages/serve.js';
import { noBrowser, openInBrowser } from '../support/browser.js';
import { runCommand, QUICK } from '../support/command.js';
import { answerOf, comparedOn, draw, ONE, SEVEN } from '../support/drawing.js';
import { onSheet } from '../support/foreign-pictures.js';

let folder = '';
let server: RunningServer | undefined;

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
    expect(await comparedOn(page)).toBeLessThan(1e-4);
    expect(await answerOf(page)).toMatch(/^7, \d/);
    expect(await page.locator('#engine').textContent()).toBe('Computed in the browser by JavaScript.');

    const before = await page.locator('#seen').screenshot();
    await page.getByLabel('Show what speaks for the answer').check();
    await expect.poll(async () => (await page.locator('#seen').screenshot()).equals(before)).toBe(false);

    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await answerOf(page)).toBe('Nothing drawn yet.');
    await draw(page, ONE);
    await comparedOn(page);
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
    await comparedOn(page);
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
    await comparedOn(page);
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
    await comparedOn(page);
    expect(await answerOf(page)).toMatch(/^7, \d/);
    expect(troubles).toEqual([]);
  });
});
