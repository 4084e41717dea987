import { afterAll, describe, expect, it } from 'vitest';

import { canRunSeal } from '../../src/deployment/encrypted/load-seal.js';
import { closeBrowser, noBrowser, openInBrowser } from '../support/browser.js';
import { draw, SEVEN } from '../support/drawing.js';
import { encryptedFolder } from '../support/encrypted.js';
import { temporaryFolder } from '../support/folders.js';
import { serveForTest, writeMnistCheckpoint } from '../support/serving.js';

/** Small, and of the size of the images that the page prepares. */
const net = {
  shape: { height: 28, width: 28, channels: 1 },
  classes: 10,
  net: { filters: [2], kernelSize: 14, stride: 14, denseUnits: 4 },
};

describe.skipIf(noBrowser !== undefined || !canRunSeal())(
  'encryption on the page (Chromium, Node.js 22)',
  () => {
    afterAll(closeBrowser);

    it('makes the key there, and sends no image unencrypted', async () => {
      const checkpoint = await writeMnistCheckpoint(await temporaryFolder(), 'small', 3);
      const { url } = await serveForTest(checkpoint, { encrypted: await encryptedFolder(net) });
      const { page, troubles } = await openInBrowser(url);
      const sent: string[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST') sent.push(new URL(request.url()).pathname);
      });
      await page.locator('#encrypt').check();
      await draw(page, SEVEN);
      const status = page.locator('#encryption-status');
      await status
        .filter({ hasText: /kB sent, .* kB received, both encrypted/ })
        .waitFor({ timeout: 60_000 });
      expect([...new Set(sent)]).toEqual(['/encrypted/keys', '/encrypted/classify']);
      const shown = await page.locator('#probabilities .server').allTextContents();
      expect(shown).toHaveLength(10);
      for (const probability of shown) expect(probability).toMatch(/^\d+\.\d %$/);
      expect(troubles).toEqual([]);
    });
  },
);
