import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

import { afterAll, expect, it } from 'vitest';

import { tfjs } from '../../src/deployment/targets/tfjs.js';
import { closeBrowser, noBrowser, openInBrowser } from '../support/browser.js';
import { untrainedSource } from '../support/exported.js';
import { temporaryFolder } from '../support/folders.js';
import { expectClose } from '../support/numbers.js';
import { loopbackServer } from '../support/server.js';

/** What the page has of TensorFlow.js. */
interface BrowserTensorFlow {
  setBackend(name: string): Promise<boolean>;
  loadGraphModel(url: string): Promise<{ predict(images: unknown): unknown[] }>;
  tensor4d(values: number[], shape: number[], type: string): unknown;
}

afterAll(closeBrowser);

it.skipIf(noBrowser !== undefined)(
  `a page that loads a graph model with TensorFlow.js gets the model's answers (${noBrowser ?? 'Chromium'})`,
  async () => {
    const { source, images, probabilities } = await untrainedSource('cnn', {
      filters: [3, 4],
      denseUnits: 8,
    });
    const folder = await temporaryFolder();
    await (await tfjs.export(source, {}, folder)).dispose();
    const script = createRequire(import.meta.url).resolve('@tensorflow/tfjs/dist/tf.min.js');
    const page = '<!doctype html><link rel="icon" href="data:,"><script src="tf.min.js"></script>';
    const { address } = await loopbackServer((request, response) => {
      const name = basename(request.url ?? '/');
      if (name === '') return void response.setHeader('content-type', 'text/html').end(page);
      void readFile(name === 'tf.min.js' ? script : join(folder, name)).then((bytes) => response.end(bytes));
    });
    const opened = await openInBrowser(`${address}/`);
    const found = await opened.page.evaluate(
      async ({ pixels, count }) => {
        const { tf } = globalThis as unknown as { tf: BrowserTensorFlow };
        await tf.setBackend('cpu');
        const model = await tf.loadGraphModel('model.json');
        const [result] = [model.predict(tf.tensor4d(pixels, [count, 28, 28, 1], 'int32'))].flat();
        return [...(result as { dataSync(): Float32Array }).dataSync()];
      },
      { pixels: [...images.pixels], count: images.count },
    );
    expectClose(Float32Array.from(found), probabilities, 1e-5);
    expect(opened.troubles).toEqual([]);
  },
);
