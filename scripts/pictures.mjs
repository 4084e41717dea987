// Makes the README's pictures from a real run: the terminal, the report and the page. Needs Chromium, dist/ and some minutes:
// `node scripts/pictures.mjs`. Nothing in them is drawn by hand, so run it again when what they show has changed.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';
import sharp from 'sharp';

const MNIST = fileURLToPath(new URL('../bin/mnist.js', import.meta.url));
const PICTURES = fileURLToPath(new URL('../docs/pictures/', import.meta.url));
const COLOURS = {
  30: '#57606a',
  31: '#ff8182',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
};
/** A seven, as the pen of the page goes: from left to right, and down. */
const SEVEN = [
  [0.28, 0.25],
  [0.72, 0.25],
  [0.6, 0.5],
  [0.45, 0.8],
];

const folder = await mkdtemp(join(tmpdir(), 'mnist-train-pictures-'));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const trained = await run('train', '--epochs', '10', '--seed', '1', '--run', 'first');
  const commands = [['npx mnist-train --epochs 10 --seed 1 --run first', trained]];
  await run('evaluate', 'first', '--report', 'report.html');
  await takeTerminal(commands);
  await takeReport(pathToFileURL(join(folder, 'report.html')).href);
  await takePage();
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}

/** Starts a command as a terminal with colours would, and says what it wrote. */
function run(...words) {
  const child = start(words);
  return new Promise((resolve, reject) => {
    child.on('close', (code) => (code === 0 ? resolve(child.written()) : reject(new Error(child.written()))));
  });
}

function start(words) {
  const env = { ...process.env, FORCE_COLOR: '1' };
  const child = spawn(process.execPath, [MNIST, ...words], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (written += bytes));
  return Object.assign(child, { written: () => written });
}

async function takeTerminal(commands) {
  const text = commands.map(([command, output]) => `<b>$ ${command}</b>\n${inHtml(output)}`).join('\n');
  const style = `body{margin:0;background:#0d1117}pre{display:inline-block;margin:0;padding:16px 20px;color:#e6edf3;
    font:14px/1.45 "DejaVu Sans Mono",monospace}b{color:#fff}.dim{color:#8b949e}`;
  const page = await browser.newPage({ viewport: { width: 1400, height: 300 } });
  await page.setContent(`<style>${style}</style><pre>${text.trimEnd()}</pre>`);
  await save('terminal', await page.locator('pre').screenshot());
}

/** Text with escape sequences for colours as HTML. */
function inHtml(text) {
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  // eslint-disable-next-line no-control-regex -- colours begin with the escape character
  return escaped.replace(/\x1b\[([\d;]+)m([^\x1b]*)/g, (_, codes, words) => {
    const last = codes.split(';').at(-1);
    if (last === '1') return `<b>${words}</b>`;
    if (last === '2') return `<span class="dim">${words}</span>`;
    return last in COLOURS ? `<span style="color:${COLOURS[last]}">${words}</span>` : words;
  });
}

/** The report down to the confusion matrix, with the mouse on a learning curve. */
async function takeReport(address) {
  const page = await browser.newPage({ viewport: { width: 1100, height: 1600 }, colorScheme: 'light' });
  await page.goto(address);
  const matrix = await page
    .locator('section', { has: page.locator('.confusion') })
    .first()
    .boundingBox();
  await page.setViewportSize({ width: 1100, height: Math.ceil(matrix.y + matrix.height + 16) });
  await page
    .locator('.plot')
    .first()
    .hover({ position: { x: 290, y: 120 } });
  await save('report', await page.screenshot());
}

async function takePage() {
  const server = start(['serve', 'first', '--port', '0', '--json']);
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 700 }, colorScheme: 'light' });
    await page.goto(await addressOf(server));
    const pad = page.locator('#pad');
    await pad.waitFor();
    const { x, y, width, height } = await pad.boundingBox();
    const at = ([across, down]) => [x + across * width, y + down * height];
    await page.mouse.move(...at(SEVEN[0]));
    await page.mouse.down();
    for (const point of SEVEN.slice(1)) await page.mouse.move(...at(point), { steps: 8 });
    await page.mouse.up();
    await page.locator('#answer', { hasText: '7' }).waitFor();
    await page.locator('#comparison', { hasText: /\d/ }).waitFor({ state: 'attached' });
    // Down to the examples, whole.
    const examples = await page.locator('#examples').boundingBox();
    await page.setViewportSize({ width: 1000, height: Math.ceil(examples.y + examples.height + 16) });
    await save('page', await page.screenshot());
  } finally {
    server.kill();
  }
}

async function addressOf(server) {
  for (;;) {
    const found = /http:\/\/127\.0\.0\.1:\d+/.exec(server.written());
    if (found) return found[0];
    if (server.exitCode !== null) throw new Error(server.written());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Writes a picture with a palette, which keeps screens small. */
async function save(name, bytes) {
  const file = join(PICTURES, `${name}.png`);
  await writeFile(
    file,
    await sharp(bytes).png({ palette: true, colours: 64, compressionLevel: 9 }).toBuffer(),
  );
  console.log(`${name}.png: ${Math.round((await stat(file)).size / 1024)} KiB`);
}
