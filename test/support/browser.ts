import { existsSync } from 'node:fs';

import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** What Chromium itself remarks when a page asks for a GPU and there is none. */
const NO_GPU = 'No available adapters.';
/** With these flags it has a GPU, which it emulates. */
export const EMULATED_GPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** Why tests in a browser are skipped here; undefined where they can run. */
export const noBrowser = existsSync(CHROMIUM) ? undefined : `there is no ${CHROMIUM}`;

/** A page in a real Chromium, and what went wrong in it. */
export interface BrowserPage {
  page: Page;
  /** Messages of errors in the console, uncaught errors, and requests to any other origin than the first. */
  troubles: string[];
}

let shared: Promise<Browser> | undefined;

/** Chromium without flags of a test's own, started by the first test of a file that needs it. */
function sharedBrowser(): Promise<Browser> {
  return (shared ??= chromium.launch({ executablePath: CHROMIUM, args: FLAGS }));
}

/** Ends the Chromium that a file's tests have shared; for `afterAll`. */
export async function closeBrowser(): Promise<void> {
  const browser = await shared;
  shared = undefined;
  await browser?.close();
}

/** A Chromium with flags of its own, closed when the test has finished. */
async function ownBrowser(flags: readonly string[]): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] });
  onTestFinished(() => browser.close());
  return browser;
}

/**
 * Opens an address in a Chromium, with nothing of other tests in it: cookies, storage and cache are the page's own. The page is closed
 * when the test has finished, and Chromium with `closeBrowser`, or at once where it has flags of its own.
 */
export async function openInBrowser(
  url: string,
  { flags = [], ...options }: BrowserContextOptions & { flags?: readonly string[] } = {},
): Promise<BrowserPage> {
  const browser = await (flags.length > 0 ? ownBrowser(flags) : sharedBrowser());
  const context = await browser.newContext(options);
  if (flags.length === 0) onTestFinished(() => context.close());
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.text() === NO_GPU) return;
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('request', (request) => {
    const asked = request.url();
    // A file has no origin: of it, only itself may be asked for.
    const isOwn = asked === url || asked.startsWith(`${new URL(url).origin}/`) || /^(data|blob):/.test(asked);
    if (!isOwn) troubles.push(`a request to ${request.url()}`);
  });
  await page.goto(url);
  return { page, troubles };
}
