import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { classificationMetrics } from '../../../src/evaluation/metrics.js';
import { evaluate, train, type Evaluation } from '../../../src/index.js';
import { thinned } from '../../../src/reports/charts/line-charts.js';
import type { ReportContent } from '../../../src/reports/evaluation/content.js';
import { reportPage } from '../../../src/reports/evaluation/report.js';
import { closeBrowser, noBrowser, openInBrowser } from '../../support/browser.js';
import { checkpointDescription } from '../../support/checkpoints.js';
import { HOSTILE_NAMES, injectedInto, UNSEEN } from '../../support/hostile-names.js';
import type { Inspection } from '../../support/inspection.js';

/** An evaluation with as little as there may be: a class without images, one epoch, nothing that had to be asked for. */
function barePage(classNames: string[], name = 'a & b'): string {
  const scored = {
    probabilities: Float64Array.of(0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.5, 0.3, 0.2),
    labels: Uint8Array.of(0, 1, 1),
    classes: 3,
  };
  const description = { ...checkpointDescription(), classNames, run: name, config: { [name]: name } };
  const evaluation: ReportContent['evaluation'] = {
    subject: {
      ...{ checkpoint: `<b>${name}`, run: name, model: 'mlp', dataset: name, split: 'test' },
      ...{ members: null, views: 1 },
    },
    metrics: classificationMetrics(scored, classNames),
    extras: {
      intervals: null,
      scaled: null,
      decisions: null,
      comparison: null,
      robustness: null,
      metric: null,
    },
    mistakes: { mistakes: [], mistakeSheet: null },
    timing: { backend: 'cpu', device: 'CPU', seconds: 1, imagesPerSecond: 3 },
    report: null,
  };
  const curves = { perClass: [[], [], []], all: [] };
  return reportPage({
    ...{ evaluation, descriptions: [description], toolkit: '0.1.0', mistakes: [] },
    cells: [
      {
        label: 1,
        predicted: 0,
        count: 2,
        images: [{ index: 2, probability: 0.5, picture: 'data:image/png;base64,' }],
      },
    ],
    curves: { roc: curves, precisionRecall: curves },
  });
}

/** A page without its own script, which its policy allows by its hash, and no other. */
function withoutScript(page: string): string {
  const [whole = '', code = ''] =
    /<script>([^]*?)<\/script>/.exec(page.slice(page.lastIndexOf('<script>'))) ?? [];
  const hash = createHash('sha256').update(code).digest('base64');
  expect(page).toContain(`script-src 'sha256-${hash}'"`);
  return page.replace(whole, '');
}

it('nothing of a checkpoint becomes markup, and what is missing is left out', () => {
  const page = barePage(['<script>alert(1)</script>', 'a "b"', 'empty']);
  expect(withoutScript(page)).not.toMatch(/<script|<b>|https?:\/\/(?!www\.w3\.org)/);
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).toContain('a &amp; b');
  expect(withoutScript(page)).not.toMatch(/NaN|undefined|Infinity|\bnull\b/);
  expect(page).toMatch(
    /title="a &quot;b&quot; → &lt;script&gt;.*?&lt;\/script&gt;: 1 of 2 images, 50\.00 %"/,
  );
  expect(page).toContain('class="confusion upright"');
  expect(page).toContain('--robustness');
  expect(page).not.toContain('95 % CI');
});

it.each(HOSTILE_NAMES)('a name is shown as it is, and obeyed by nobody: %j', (name) => {
  const page = barePage([name, `${name} b`, 'empty'], name);
  expect(page).not.toMatch(UNSEEN);
  expect(injectedInto(withoutScript(page))).toEqual([]);
  // Names in the readings of charts, too.
  for (const [, json] of page.matchAll(/data-readings='([^']*)'/g)) expect(json).not.toMatch(/[<']/);
  expect(page.match(/<\/title>/g)).toHaveLength(page.match(/<title>/g)!.length);
});

it('thinned curves keep their ends, and every point that would be seen', () => {
  const points = Array.from({ length: 10_001 }, (_, index): [number, number] => [
    index / 1e4,
    (index / 1e4) ** 2,
  ]);
  const kept = thinned(points);
  expect(kept.length).toBeLessThan(400);
  expect(kept[0]).toEqual([0, 0]);
  expect(kept.at(-1)).toEqual([1, 1]);
  kept.slice(1).forEach(([x, y], index) => {
    const [beforeX, beforeY] = kept[index]!;
    expect(Math.max(x - beforeX, y - beforeY)).toBeLessThan(2 / 300);
  });
});

describe('a report on real images', () => {
  let report: string;
  let evaluation: Evaluation;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-report-'));
    const common = { dataDir: inject('smallDataDir'), checkpointsDir: folder, threads: 1 };
    await train({ ...common, run: 'first', epochs: 2, validationSplit: 0.02 });
    report = join(folder, 'report.html');
    evaluation = await evaluate('first', {
      ...{ ...common, report, split: 'test', resamples: 100 },
      ...{ robustness: true, compare: 'first' },
    });
    return () => rm(folder, { recursive: true, force: true });
  });

  it('is one file that holds what was measured', async () => {
    const page = await readFile(report, 'utf8');
    expect(evaluation.report).toBe(report);
    expect(evaluation.mistakes.length).toBe(24);
    const [shown, hidden] = [
      page.replace(/<template.*?<\/template>/g, ''),
      page.match(/<template.*?<\/template>/g)!,
    ];
    expect(shown.match(/<img /g)).toHaveLength(48);
    // Every cell has images, at most 12.
    const filled = evaluation.confusion.flat().filter((images) => images > 0);
    expect(hidden.map((template) => template.match(/<img /g)!.length).sort()).toEqual(
      filled.map((images) => Math.min(images, 12)).sort(),
    );
    expect(page.match(/<svg[^>]*role="img"/g)).toHaveLength(6);
    for (const [, text] of page.matchAll(/<svg[^>]*aria-label="([^"]*)"/g))
      expect(text).toMatch(/\w+\. \w.*\d/);
    for (const [, address] of page.matchAll(/(?:src|href)="([^"]*)"/g))
      expect(address).toMatch(/^(data:|#content$)/);
    expect(page).toContain(`${(100 * evaluation.accuracy).toFixed(2)} %`);
    expect(page).toContain('p = 1.0');
    // Each class's curves are named with their areas.
    const keys = page.match(/class="key line-key"/g)!;
    expect(keys.length).toBeGreaterThanOrEqual(2 * 11);
    for (const { name, averagePrecision } of evaluation.perClass)
      expect(page).toContain(`</i>${name} (${averagePrecision!.toFixed(3)})`);
    expect(page.length).toBeLessThan(500_000);
    expect(withoutScript(page)).not.toMatch(/NaN|undefined|Infinity/);
  });

  describe.skipIf(noBrowser)('in a browser', () => {
    afterAll(closeBrowser);

    for (const { name, width, colorScheme } of [
      { name: 'a desk, light', width: 1280, colorScheme: 'light' },
      { name: 'a phone, dark', width: 360, colorScheme: 'dark' },
      { name: 'a phone, light', width: 360, colorScheme: 'light' },
    ] as const) {
      it(`${name}: no message, no request, nothing beyond the edge, every text legible`, async () => {
        const inspection = await readFile(new URL('../../support/inspect-page.js', import.meta.url), 'utf8');
        const { page, troubles } = await openInBrowser(pathToFileURL(report).href, {
          viewport: { width, height: 800 },
          colorScheme,
        });
        const found = await page.evaluate<Inspection>(inspection);
        expect(troubles).toEqual([]);
        expect(found.overflow).toBe(0);
        // Tables of ten classes are seen whole, without being moved.
        const moved = await page.evaluate<number>(
          "Math.max(...[...document.querySelectorAll('.scroll')].map((area) => area.scrollWidth - area.clientWidth))",
        );
        expect(moved).toBe(0);
        expect(found.brokenImages).toBe(0);
        expect(found.images).toBe(48);
        expect(found.unnamed).toEqual([]);
        expect(found.isDark).toBe(colorScheme === 'dark');
        // WCAG 2.2, 1.4.3.
        expect(found.contrast).toBeGreaterThanOrEqual(4.5);
        expect(found.headings[0]).toBe('H1');
        expect(found.headings.filter((heading) => heading === 'H2')).toHaveLength(11);
        // What opens on demand is legible, and stays within the page, too.
        for (const summary of await page.locator('summary').all()) await summary.click();
        const opened = await page.evaluate<Inspection>(inspection);
        expect(opened.overflow).toBe(0);
        expect(opened.contrast).toBeGreaterThanOrEqual(4.5);
      });
    }

    it('mouse and arrow keys read the values of charts', async () => {
      const { page, troubles } = await openInBrowser(pathToFileURL(report).href);
      const tip = page.locator('.tip');
      const [loss, , roc, , reliability, robustness] = await page.locator('.plot').all();
      const { history } = (await readCheckpoint(join(dirname(report), 'first', 'best.safetensors')))
        .description.progress;
      const { loss: training, validation } = history.at(-1)!;
      await loss!.hover({ position: { x: 380, y: 40 } });
      await expect
        .poll(() => tip.innerText())
        .toBe(`Epoch 2\ntraining ${training.toFixed(4)}\nvalidation ${validation!.loss.toFixed(4)}`);
      expect(await loss!.locator('circle').count()).toBe(2);
      await loss!.focus();
      await page.keyboard.press('Home');
      expect(await tip.innerText()).toContain('Epoch 1');
      await page.keyboard.press('ArrowRight');
      expect(await tip.innerText()).toContain('Epoch 2');
      await page.keyboard.press('Escape');
      expect(await tip.isHidden()).toBe(true);
      // A line after the other: the first is class 0, below it class 1.
      await roc!.focus();
      await page.keyboard.press('Home');
      expect(await tip.innerText()).toBe('class 0\nfalse-positive rate 0 %\ntrue-positive rate 0 %');
      await page.keyboard.press('End');
      await page.keyboard.press('ArrowDown');
      expect(await tip.innerText()).toBe('class 1\nfalse-positive rate 100 %\ntrue-positive rate 100 %');
      const bin = evaluation.calibration.bins.findLast(({ count }) => count > 0)!;
      await reliability!.focus();
      await page.keyboard.press('End');
      expect(await tip.innerText()).toContain(`accuracy ${(100 * bin.accuracy).toFixed(2)} %`);
      const [first] = evaluation.robustness!;
      await robustness!.focus();
      await page.keyboard.press('Home');
      expect(await tip.innerText()).toContain(`accuracy ${(100 * first!.accuracy).toFixed(2)} %`);
      await page.locator('h1').hover();
      await page.keyboard.press('Tab');
      expect(await tip.isHidden()).toBe(true);
      expect(troubles).toEqual([]);
    });

    it('a cell of the confusion matrix shows its images, on a phone as well', async () => {
      const { page, troubles } = await openInBrowser(pathToFileURL(report).href, {
        viewport: { width: 360, height: 740 },
        hasTouch: true,
      });
      const { mistakes, confusion } = evaluation;
      const names = evaluation.perClass.map(({ name }) => name);
      const { label, predicted, index } = mistakes[0]!;
      const images = confusion[names.indexOf(label)]![names.indexOf(predicted)]!;
      const cell = page.locator(`[data-pair="cell-${label}-${predicted}"] .cell`);
      await cell.tap();
      const dialog = page.locator('dialog');
      expect(await dialog.locator('h3').innerText()).toBe(`Actual ${label}, predicted ${predicted}`);
      const shown = dialog.locator('img');
      expect(await shown.count()).toBe(Math.min(images, 12));
      // The most confident mistake of all is that of its cell.
      expect(await shown.first().getAttribute('alt')).toBe(`Image ${index}`);
      await expect
        .poll(() => shown.first().evaluate((image: { naturalWidth: number }) => image.naturalWidth))
        .toBe(28);
      await page.keyboard.press('Escape');
      expect(await dialog.isHidden()).toBe(true);
      // One press of Tab leads into the matrix, arrow keys lead on, and Enter opens.
      const at = page.locator('[data-pair="cell-0-0"] .cell');
      await at.focus();
      await page.keyboard.press('ArrowDown');
      const below = page.locator('.cell:focus');
      expect(await below.getAttribute('aria-label')).toMatch(/^[1-9] → 0: [\d,]+ of [\d,]+ images, /);
      expect(await page.locator('.tip').innerText()).toBe(await below.getAttribute('aria-label'));
      expect(await page.locator('.confusion .cell[tabindex="0"]').count()).toBe(1);
      await page.keyboard.press('Enter');
      expect(await dialog.isVisible()).toBe(true);
      await page.locator('dialog .close').tap();
      expect(await dialog.isHidden()).toBe(true);
      expect(troubles).toEqual([]);
    });
  });
});
