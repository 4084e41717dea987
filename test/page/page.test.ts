import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';

import { writeDecision } from '../../src/artifacts/decision.js';
import { findPrepared } from '../../src/artifacts/prepared.js';
import { serveFields } from '../../src/stages/serve/serve-options.js';
import { startServer, type RunningServer } from '../../src/stages/serve/serve.js';
import { closeBrowser, noBrowser, openInBrowser } from '../support/browser.js';
import { QUICK, runHere } from '../support/command.js';
import { storedDecision } from '../support/decisions.js';
import { answerOf, comparedOn, draw, ONE, SEVEN, shownOn, ZERO } from '../support/drawing.js';
import { onSheet } from '../support/foreign-pictures.js';

let folder = '';
let server: RunningServer | undefined;

/** A seven of the test images on white paper, as a PNG. */
async function pictureOfSeven(): Promise<Buffer> {
  const data = (await findPrepared(inject('smallDataDir'), 'mnist'))!;
  const { width, height, rgba } = onSheet(data.test.pixels.subarray(0, 784), 6, (ink) => 255 - ink);
  return sharp(rgba, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}

/** How bright an image is in the mean, from 0 to 255. */
async function meanOf(file: Buffer): Promise<number> {
  const { channels } = await sharp(file).removeAlpha().greyscale().stats();
  return channels[0]!.mean;
}

/** Evaluated in the page, as text: gives it a file as if it had been dropped. */
const dropping = (base64: string): string => `(() => {
  const bytes = Uint8Array.from(atob('${base64}'), (character) => character.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], 'seven.png', { type: 'image/png' }));
  const give = (type) => document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  give('dragover');
  const shown = document.body.className;
  give('drop');
  return shown;
})()`;

/** The same: puts a picture on the clipboard. */
const copying = (base64: string): string => `(() => {
  const bytes = Uint8Array.from(atob('${base64}'), (character) => character.charCodeAt(0));
  const picture = new Blob([bytes], { type: 'image/png' });
  return navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
})()`;

describe.skipIf(noBrowser !== undefined)(`the page in a real Chromium (${noBrowser ?? 'present'})`, () => {
  beforeAll(async () => {
    const cwd = (folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-page-')));
    const { code } = await runHere(['train', '--epochs', '8', '--run', 'drawn', ...QUICK], { cwd });
    expect(code).toBe(0);
    const dataDir = inject('smallDataDir');
    const options = serveFields.parse({ port: 0, threads: 1, device: 'cpu', drift: false, dataDir });
    const checkpoint = join(cwd, 'checkpoints', 'drawn', 'best.safetensors');
    // A rule that halves logits, in the server and in the browser, and leaves every 0 to a person.
    const thresholds = Array.from({ length: 10 }, (_, digit) => (digit === 0 ? 1 : 0));
    await writeDecision(checkpoint, await storedDecision(checkpoint, { temperature: 2, thresholds }));
    server = await startServer([checkpoint], options, { log: { write: () => undefined } });
  });

  afterAll(async () => {
    await closeBrowser();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('classifies what the mouse draws, with the same answer from server and browser, and explains it', async () => {
    const { page, troubles } = await openInBrowser(`${server!.url}/`);
    await shownOn(page, 'drawn');
    await draw(page, SEVEN);
    expect(await comparedOn(page)).toBeLessThan(1e-4);
    expect(await answerOf(page)).toMatch(/^7, \d/);
    expect(await page.locator('#engine').textContent()).toBe('Runs in the browser with JavaScript.');
    expect(await page.evaluate("document.querySelector('#details').open")).toBe(false);
    const shown = await page.locator('#likeliest th').allTextContents();
    expect([shown[0], shown.length]).toEqual(['7', 5]);

    const before = await page.locator('#seen').screenshot();
    await page.getByLabel('Explain this prediction').check();
    await expect.poll(async () => (await page.locator('#seen').screenshot()).equals(before)).toBe(false);

    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await answerOf(page)).toBe('Draw a digit or add an image');
    await draw(page, ONE);
    await comparedOn(page);
    expect(await answerOf(page)).toMatch(/^1, \d/);
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await answerOf(page)).toBe('Draw a digit or add an image');
    expect(troubles).toEqual([]);
  });

  it('offers the models of a server that has several', async () => {
    const checkpoint = join(folder, 'checkpoints', 'drawn', 'best.safetensors');
    const options = serveFields.parse({ port: 0, threads: 1, device: 'cpu', drift: false, maxBatch: 1 });
    const words = [`first=${checkpoint}`, `both=${checkpoint}+${checkpoint}`];
    const several = await startServer(words, options, { log: { write: () => undefined } });
    onTestFinished(async () => {
      await several.stop();
    });
    const { page, troubles } = await openInBrowser(`${several.url}/`);
    await page.locator('#models').selectOption('both');
    await page.waitForURL('**/?model=both');
    await shownOn(page, 'drawn + drawn');
    await expect
      .poll(() => page.locator('#engine').textContent())
      .toBe('This model does not run in the browser: an ensemble runs on the server alone');
    await draw(page, SEVEN);
    await expect.poll(() => answerOf(page)).toMatch(/^7, \d/);
    // The browser reports the refused file by itself.
    expect(troubles.filter((text) => !text.includes('409'))).toEqual([]);
  });

  it('can be drawn on with the keyboard alone', async () => {
    const { page, troubles } = await openInBrowser(`${server!.url}/`);
    await shownOn(page, 'drawn');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('pad');
    for (let step = 0; step < 13; step++) await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Space');
    for (let step = 0; step < 26; step++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await comparedOn(page);
    expect(await answerOf(page)).toMatch(/^1, \d/);
    await page.keyboard.press('Delete');
    expect(await answerOf(page)).toBe('Draw a digit or add an image');
    expect(troubles).toEqual([]);
  });

  it('works with a finger on a phone, without scrolling sideways', async () => {
    const phone = { viewport: { width: 360, height: 600 }, hasTouch: true, isMobile: true };
    const { page, troubles } = await openInBrowser(`${server!.url}/`, phone);
    await shownOn(page, 'drawn');
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
    // The answer is in sight without scrolling, whole, beside the drawing.
    expect(await page.evaluate('scrollY')).toBe(0);
    const answer = (await page.locator('#answer').boundingBox())!;
    expect(answer.y + answer.height).toBeLessThan(box.y);
    expect(box.y + box.height).toBeLessThan(phone.viewport.height);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
    expect(troubles).toEqual([]);
  });

  it('opens a picture of a digit, an example of the test set, and what the camera sees', async () => {
    const { page, troubles } = await openInBrowser(`${server!.url}/`, {
      flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    });
    await shownOn(page, 'drawn');
    const buffer = await pictureOfSeven();
    await page.locator('#file').setInputFiles({ name: 'seven.png', mimeType: 'image/png', buffer });
    await comparedOn(page);
    expect(await answerOf(page)).toMatch(/^7, \d/);

    const examples = page.locator('#examples button');
    expect(await examples.count()).toBe(10);
    await examples.first().click();
    await page.locator('#example-label', { hasText: /^Actual class: \d$/ }).waitFor();
    await comparedOn(page);
    expect(await examples.first().getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await examples.first().getAttribute('aria-pressed')).toBe('false');

    await page.getByRole('button', { name: 'Camera' }).click();
    await page.getByRole('button', { name: 'Take picture' }).click();
    await comparedOn(page);
    expect(await page.locator('#camera').isVisible()).toBe(false);
    expect(await page.evaluate("document.querySelector('#camera').srcObject")).toBe(null);
    expect(troubles).toEqual([]);
  });

  it('takes a picture that is dropped, and one that is pasted', async () => {
    const { page, troubles } = await openInBrowser(`${server!.url}/`);
    await shownOn(page, 'drawn');
    const picture = (await pictureOfSeven()).toString('base64');
    expect(await page.evaluate<string>(dropping(picture))).toBe('dropping');
    await comparedOn(page);
    expect(await answerOf(page)).toMatch(/^7, \d/);

    await page.getByRole('button', { name: 'Clear' }).click();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.evaluate(copying(picture));
    await page.locator('#pad').focus();
    await page.keyboard.press('Control+V');
    await comparedOn(page);
    expect(await answerOf(page)).toMatch(/^7, \d/);
    expect(troubles).toEqual([]);
  });

  it('asks a person where the rule says so, and says why', async () => {
    const { page, troubles } = await openInBrowser(`${server!.url}/`);
    await shownOn(page, 'drawn');
    await draw(page, ZERO);
    await comparedOn(page);
    expect(await answerOf(page)).toMatch(/^Undecided – best guess: 0, \d/);
    expect(await page.locator('#reason').textContent()).toMatch(/^Needs human review: “0” has .*100\.0 %/);
    await page.getByRole('button', { name: 'Clear' }).click();
    await draw(page, ONE);
    await comparedOn(page);
    expect(await page.locator('#reason').isVisible()).toBe(false);

    await page.route('**/classify', async (route) => {
      const answer = (await (await route.fetch()).json()) as object;
      await route.fulfill({ json: { ...answer, unlike: true } });
    });
    await page.getByRole('button', { name: 'Clear' }).click();
    await draw(page, ONE);
    await page.locator('#reason', { hasText: /^This image is unlike the training images/ }).waitFor();
    expect(troubles).toEqual([]);
  });

  it('speaks of digits only where every class is one, and keeps long class names on a phone', async () => {
    const { page, troubles } = await openInBrowser(`${server!.url}/`, {
      viewport: { width: 360, height: 740 },
    });
    await page.locator('#title', { hasText: 'Draw a digit' }).waitFor();
    const classNames = Array.from({ length: 10 }, (_, index) => `a class with a long name ${index}`);
    await page.route('**/model/description', async (route) => {
      const description = (await (await route.fetch()).json()) as object;
      await route.fulfill({ json: { ...description, classNames } });
    });
    await page.reload();
    await page.locator('tbody th', { hasText: 'a class with a long name 9' }).waitFor({ state: 'attached' });
    expect(await page.locator('#title').textContent()).toBe('Try the model');
    expect(await answerOf(page)).toBe('Add or draw an image');
    expect(await page.locator('body').textContent()).not.toMatch(/digit/i);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(troubles).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('can be read in %s colours', async (colorScheme) => {
    const { page } = await openInBrowser(`${server!.url}/`, { colorScheme });
    await shownOn(page, 'drawn');
    await draw(page, ZERO);
    // What is shown light on dark is dark on light for the model all the same.
    const paper = "document.querySelector('#pad').getContext('2d').getImageData(1, 1, 1, 1).data[0]";
    expect(await page.evaluate<number>(paper)).toBe(255);
    const shown = await meanOf(await page.locator('#pad').screenshot());
    expect(shown < 128).toBe(colorScheme === 'dark');
    await page.locator('#reason', { hasText: 'Needs human review' }).waitFor();
    const script = await readFile(new URL('../support/inspect-page.js', import.meta.url), 'utf8');
    const found = await page.evaluate<{ isDark: boolean; contrast: number }>(script);
    expect(found.isDark).toBe(colorScheme === 'dark');
    // WCAG 2.2, 1.4.3: what is to be read.
    expect(found.contrast).toBeGreaterThan(4.5);
  });
});
