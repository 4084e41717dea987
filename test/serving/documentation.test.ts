import { readFile } from 'node:fs/promises';

import { afterAll, describe, expect, it } from 'vitest';

import type { ApiDescription } from '../../src/reports/openapi/description.js';
import { apiPage } from '../../src/reports/openapi/page.js';
import { exampleOf, fieldsOf } from '../../src/reports/openapi/schema.js';
import { closeBrowser, noBrowser, openInBrowser } from '../support/browser.js';
import { shownOn } from '../support/drawing.js';
import { temporaryFolder } from '../support/folders.js';
import { HOSTILE_NAMES, injectedInto, UNSEEN } from '../support/hostile-names.js';
import type { Inspection } from '../support/inspection.js';
import { proxyBelow } from '../support/prefix-proxy.js';
import { serveForTest, writeMnistCheckpoint } from '../support/serving.js';

it('shows the fields of a body with their types and bounds, and an example that has what is required', () => {
  const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
  const schema = {
    type: 'object',
    required: ['inputs', 'label'],
    properties: {
      inputs: {
        type: 'array',
        maxItems: 2,
        items: {
          type: 'object',
          required: ['name'],
          properties: { name: { type: 'string', maxLength: 9 }, data: {} },
        },
      },
      label: { anyOf: [count, { type: 'string' }], description: 'number or name' },
      share: { type: 'number', minimum: 0, maximum: 100, default: 5 },
    },
  };
  expect(fieldsOf(schema)).toEqual([
    ['inputs', 'array of object, up to 2', 'yes', ''],
    ['inputs[].name', 'string, up to 9 characters', 'yes', ''],
    ['inputs[].data', 'any', 'no', ''],
    ['label', 'integer, 0 or more or string', 'yes', 'number or name'],
    ['share', 'number, 0 to 100', 'no', ''],
  ]);
  expect(exampleOf(schema)).toEqual({ inputs: [{ name: '' }], label: 0 });
});

it.each(HOSTILE_NAMES)('a name is shown as it is, and obeyed by nobody: %j', (name) => {
  const schema = { type: 'object', properties: { [name]: { type: name, description: name } } };
  const parameters = [{ name, in: 'path', required: true, description: name }];
  const operation = { summary: name, description: name, tags: [name], parameters, 'x-role': name };
  const description: ApiDescription = {
    info: { title: name, description: name, version: name },
    paths: { [`/${name}`]: { post: { ...operation, requestBody: { content: { [name]: { schema } } } } } },
  };
  const page = apiPage({ description, values: { [name]: name }, bodies: {} });
  expect(page).not.toMatch(UNSEEN);
  expect(injectedInto(page).filter((markup) => !markup.includes('src="docs/main.js"'))).toEqual([]);
});

describe.skipIf(noBrowser !== undefined)(`/docs in a real Chromium (${noBrowser ?? 'present'})`, () => {
  afterAll(closeBrowser);

  it('documents every address and sends requests, below a path that a reverse proxy takes away as well', async () => {
    const { url } = await serveForTest(await writeMnistCheckpoint(await temporaryFolder(), 'three', 3));
    const below = await proxyBelow('/digits', url);
    const { page, troubles } = await openInBrowser(`${below}/docs/`, {
      viewport: { width: 360, height: 740 },
      colorScheme: 'dark',
    });
    expect(new URL(page.url()).pathname).toBe('/digits/docs');
    const { paths } = (await (await fetch(`${url}/docs/json`)).json()) as ApiDescription;
    const addresses = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(() => path),
    );
    expect(await page.locator('.operation > summary > code').allInnerTexts()).toEqual(
      expect.arrayContaining(addresses),
    );
    const operation = (path: string): ReturnType<typeof page.locator> =>
      page
        .locator('.operation')
        .filter({ has: page.locator(`form[data-path="${path}"]`) })
        .first();
    const send = async (
      path: string,
      fill: () => Promise<void> = () => Promise.resolve(),
    ): Promise<string> => {
      await operation(path).locator('> summary').click();
      await fill();
      await operation(path).getByRole('button', { name: 'Send' }).click();
      const answer = operation(path).locator('.answer');
      await answer.locator('p').waitFor();
      return answer.innerText();
    };
    expect(await send('/v2/health/live')).toMatch(/^200 OK · application\/json.*"live": true/s);
    expect(await operation('/v2/health/live').locator('.command').innerText()).toBe(
      `curl '${below}/v2/health/live'`,
    );
    // The example of a served model is answered as it is.
    expect(await send('/v2/models/{name}/infer')).toMatch(/^200 OK .*"model_name".*"probabilities"/s);
    const picture = await readFile(new URL('../../docs/pictures/terminal.png', import.meta.url));
    const file = { name: 'a.png', mimeType: 'image/png', buffer: picture };
    const classified = await send('/classify', () =>
      operation('/classify').locator('input[type="file"]').setInputFiles(file),
    );
    expect(classified).toMatch(/^200 OK .*"label": "\d"/s);
    expect(await operation('/classify').innerText()).toContain('Role of the token: infer.');
    // A token is sent, and not shown in the command, from which it would be copied.
    await page.locator('#token').fill('mnist_secret');
    expect(await operation('/classify').locator('.command').innerText()).toContain('Bearer $TOKEN');
    expect(await page.locator('main').innerText()).not.toContain('mnist_secret');

    const inspection = await readFile(new URL('../support/inspect-page.js', import.meta.url), 'utf8');
    await page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))");
    const found = await page.evaluate<Inspection>(inspection);
    expect([found.overflow, found.isDark]).toEqual([0, true]);
    expect(found.contrast).toBeGreaterThanOrEqual(4.5);
    expect(troubles).toEqual([]);

    const shown = await openInBrowser(`${below}/`);
    await shownOn(shown.page, 'three');
    await shown.page.locator('#engine', { hasText: 'Runs in the browser' }).waitFor({ state: 'attached' });
    expect(shown.troubles).toEqual([]);
  });
});
