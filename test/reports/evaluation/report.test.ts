import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { classificationMetrics } from '../../../src/evaluation/metrics.js';
import { evaluate, train, type Evaluation } from '../../../src/index.js';
import { thinned } from '../../../src/reports/charts/line-charts.js';
import type { ReportContent } from '../../../src/reports/evaluation/content.js';
import { reportPage } from '../../../src/reports/evaluation/report.js';
import { closeBrowser, noBrowser, openInBrowser } from '../../support/browser.js';
import { checkpointDescription } from '../../support/checkpoints.js';
import { HOSTILE_NAMES, injectedInto, UNSEEN } from '../../support/hostile-names.js';

/** What test/support/inspect-page.js finds. */
interface Inspection {
  overflow: number;
  images: number;
  brokenImages: number;
  unnamed: string[];
  isDark: boolean;
  contrast: number;
  headings: string[];
}

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
    curves: { roc: curves, precisionRecall: curves },
  });
}

it('nothing of a checkpoint becomes markup, and what is missing is left out', () => {
  const page = barePage(['<script>alert(1)</script>', 'a "b"', 'empty']);
  expect(page).not.toMatch(/<script|<b>|https?:\/\/(?!www\.w3\.org)/);
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).toContain('a &amp; b');
  expect(page).not.toMatch(/NaN|undefined|Infinity|\bnull\b/);
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
  expect(injectedInto(page)).toEqual([]);
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
    expect(page.match(/<img /g)).toHaveLength(48);
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
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
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
  });
});
