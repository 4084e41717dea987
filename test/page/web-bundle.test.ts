import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { verifyBundle } from '../../src/artifacts/manifest.js';
import { serveFields } from '../../src/stages/serve/serve-options.js';
import { startServer, type RunningServer } from '../../src/stages/serve/serve.js';
import { EMULATED_GPU, closeBrowser, noBrowser, openInBrowser } from '../support/browser.js';
import { QUICK, runHere } from '../support/command.js';
import { answerOf, comparedOn, draw, ONE, SEVEN } from '../support/drawing.js';

let folder = '';
let host: Server | undefined;
let server: RunningServer | undefined;
let url = '';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Serves the bundle's files and nothing else, with the headers that the bundle asks for. */
async function hostBundle(bundle: string): Promise<Server> {
  const text = await readFile(join(bundle, '_headers'), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('  '));
  const headers = lines.map(
    (line) =>
      line
        .trim()
        .split(/: (.*)/s)
        .slice(0, 2) as [string, string],
  );
  const { files } = await verifyBundle(bundle);
  const known = new Set(files.map(({ path }) => path));
  const listening = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://host').pathname.slice(1) || 'index.html';
    for (const [name, value] of headers) response.setHeader(name, value);
    if (!known.has(path)) return void response.writeHead(404).end();
    response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
    void readFile(join(bundle, path)).then((bytes) => response.end(bytes));
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return listening;
}

describe.skipIf(noBrowser !== undefined)(
  `a convolutional net in a real Chromium (${noBrowser ?? 'present'})`,
  () => {
    beforeAll(async () => {
      const cwd = (folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-web-')));
      const size = ['--filters', '6,12', '--dense-units', '32'];
      const words = ['train', '--model', 'cnn', ...size, '--epochs', '4', '--run', 'cnn', ...QUICK];
      expect((await runHere(words, { cwd })).code).toBe(0);
      const deployed = await runHere(['deploy', 'cnn', '--to', 'web', '--json'], { cwd });
      expect(deployed.result()).toMatchObject({ target: 'web', run: 'cnn' });
      host = await hostBundle(join(cwd, 'deployments', 'cnn-web'));
      url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/`;
      const options = serveFields.parse({ port: 0, threads: 1, device: 'cpu', drift: false });
      const checkpoint = join(cwd, 'checkpoints', 'cnn', 'best.safetensors');
      server = await startServer([checkpoint], options, { log: { write: () => undefined } });
    });

    afterAll(async () => {
      await closeBrowser();
      host?.close();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it('classifies from static files alone, under the strict policy, and explains', async () => {
      const { page, troubles } = await openInBrowser(url);
      await page
        .locator('#engine', { hasText: /^Runs in the browser with ONNX Runtime .*, WebAssembly\.$/ })
        .waitFor({ state: 'attached' });
      expect(await page.locator('#probabilities thead').textContent()).toBe('ClassBrowser');
      expect(await page.locator('#examples').isVisible()).toBe(false);
      await draw(page, SEVEN);
      await expect.poll(() => answerOf(page)).toMatch(/^7, \d/);
      const before = await page.locator('#seen').screenshot();
      await page.getByLabel('Explain this prediction').check();
      await expect.poll(async () => (await page.locator('#seen').screenshot()).equals(before)).toBe(false);
      await page.getByRole('button', { name: 'Clear' }).click();
      await draw(page, ONE);
      await expect.poll(() => answerOf(page)).toMatch(/^1, \d/);
      expect(troubles).toEqual([]);
    });

    it('computes on a GPU where it is asked to', async () => {
      const { page, troubles } = await openInBrowser(`${url}?engine=webgpu`, { flags: EMULATED_GPU });
      await page.locator('#engine', { hasText: 'WebGPU' }).waitFor({ state: 'attached' });
      await draw(page, SEVEN);
      await expect.poll(() => answerOf(page)).toMatch(/^7, \d/);
      expect(troubles).toEqual([]);
    });

    it('is compared with the server’s model on the server’s page', async () => {
      const { page, troubles } = await openInBrowser(`${server!.url}/`);
      await page.locator('#engine', { hasText: 'WebAssembly' }).waitFor({ state: 'attached' });
      await draw(page, SEVEN);
      expect(await comparedOn(page)).toBeLessThan(1e-4);
      expect(await answerOf(page)).toMatch(/^7, \d/);
      expect(troubles).toEqual([]);
    });
  },
);
