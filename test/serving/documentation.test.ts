import { describe, expect, it } from 'vitest';

import { noBrowser, openInBrowser } from '../support/browser.js';
import { temporaryFolder } from '../support/folders.js';
import { serveForTest, writeMnistCheckpoint } from '../support/serving.js';

describe.skipIf(noBrowser !== undefined)(`/docs in a real Chromium (${noBrowser ?? 'present'})`, () => {
  it('shows the addresses, under its policy, without an error and without another origin', async () => {
    const { url } = await serveForTest(await writeMnistCheckpoint(await temporaryFolder(), 'three', 3));
    const { page, troubles } = await openInBrowser(`${url}/docs`);
    await page.locator('.opblock-summary-path', { hasText: '/classify' }).first().waitFor();
    // One is opened: its parts are drawn, too.
    await page.locator('.opblock-summary', { hasText: '/feedback' }).first().click();
    await page.locator('.opblock-body').first().waitFor();
    expect(troubles).toEqual([]);
  });
});
