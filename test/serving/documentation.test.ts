import { afterAll, describe, expect, it } from 'vitest';

import { closeBrowser, noBrowser, openInBrowser } from '../support/browser.js';
import { shownOn } from '../support/drawing.js';
import { temporaryFolder } from '../support/folders.js';
import { proxyBelow } from '../support/prefix-proxy.js';
import { serveForTest, writeMnistCheckpoint } from '../support/serving.js';

describe.skipIf(noBrowser !== undefined)(`/docs in a real Chromium (${noBrowser ?? 'present'})`, () => {
  afterAll(closeBrowser);

  it('shows the addresses, under its policy, without an error and without another origin', async () => {
    const { url } = await serveForTest(await writeMnistCheckpoint(await temporaryFolder(), 'three', 3));
    const { page, troubles } = await openInBrowser(`${url}/docs`);
    await page.locator('.opblock-summary-path', { hasText: '/classify' }).first().waitFor();
    // One is opened: its parts are drawn, too.
    await page.locator('.opblock-summary', { hasText: '/feedback' }).first().click();
    await page.locator('.opblock-body').first().waitFor();
    expect(troubles).toEqual([]);
  });

  it('works below a path that a reverse proxy takes away, as the page does', async () => {
    const { url } = await serveForTest(await writeMnistCheckpoint(await temporaryFolder(), 'three', 3));
    const below = await proxyBelow('/digits', url);
    const docs = await openInBrowser(`${below}/docs`);
    await docs.page.locator('.opblock-summary', { hasText: '/v2/health/live' }).first().click();
    await docs.page.getByRole('button', { name: 'Try it out' }).click();
    await docs.page.getByRole('button', { name: 'Execute' }).click();
    const address = docs.page.locator('.request-url').first();
    await address.waitFor();
    expect((await address.textContent())!).toContain(`${below}/v2/health/live`);
    await docs.page.locator('.live-responses-table', { hasText: '"live": true' }).first().waitFor();
    expect(docs.troubles).toEqual([]);
    const shown = await openInBrowser(`${below}/`);
    await shownOn(shown.page, 'three');
    await shown.page.locator('#engine', { hasText: 'Runs in the browser' }).waitFor({ state: 'attached' });
    expect(shown.troubles).toEqual([]);
  });
});
