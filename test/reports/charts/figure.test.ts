import sharp from 'sharp';
import { expect, it } from 'vitest';

import { embeddingMap } from '../../../src/reports/charts/embedding-map.js';
import { encodeFigure } from '../../../src/reports/charts/figure.js';
import { runsPlot } from '../../../src/reports/charts/runs-plot.js';
import { searchPlot } from '../../../src/reports/charts/search-plot.js';

const HOSTILE = '<script>alert(1)</script> & "b"';

const trial = (number: number, learningRate: number): Parameters<typeof searchPlot>[0]['trials'][number] => ({
  trial: number,
  isBest: number === 2,
  curve: [0.5, 0.5 + number / 10],
  value: 0.5 + number / 10,
  settings: { learningRate, optimizer: number === 1 ? 'adam' : 'sgd', hiddenLayers: [32, number] },
});

/** A figure of each kind, of names that want escaping. */
const figures = {
  runs: () =>
    runsPlot([
      {
        run: HOSTILE,
        history: [1, 2].map((epoch) => ({
          ...{ epoch, loss: 1 / epoch, accuracy: 0.5 + epoch / 10 },
          validation: { loss: 1, accuracy: 0.5 },
        })),
      },
      { run: 'short', history: [{ epoch: 1, loss: 1, accuracy: 0.4, validation: null }] },
    ]),
  search: () =>
    searchPlot({
      ...{ title: HOSTILE, metric: 'validation accuracy' },
      trials: [trial(1, 1e-4), trial(2, 1e-3), trial(3, 3e-2)],
      keys: ['learningRate', 'optimizer', 'hiddenLayers'],
      logarithmic: new Set(['learningRate']),
    }),
  'search without an epoch': () =>
    searchPlot({ title: 'none', metric: 'loss', trials: [], keys: ['epochs'], logarithmic: new Set() }),
  embeddings: () =>
    embeddingMap({
      title: HOSTILE,
      points: [
        [0, 0],
        [1, 2],
        [1, 2],
      ],
      labels: [0, 1, 39],
      classNames: Array.from({ length: 40 }, (_, label) => `${HOSTILE} ${label}`),
    }),
};

it.each(Object.entries(figures))(
  '%s: a picture of its own, light and dark, and as pixels',
  async (_, draw) => {
    const markup = draw();
    expect(markup).not.toMatch(/<script|NaN|undefined|Infinity/);
    expect(markup.match(/<style>/g)).toHaveLength(1);
    expect(markup).toContain('prefers-color-scheme:dark');
    expect(markup).toMatch(/<title id="title">[^<]+<\/title><desc id="description">[^<]+<\/desc>/);
    expect(await encodeFigure('plot.svg', markup)).toBe(markup);
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(markup)!;
    const { format, ...size } = await sharp(await encodeFigure('plot.PNG', markup)).metadata();
    expect(format).toBe('png');
    expect([size.width, size.height]).toEqual([2 * Number(width), 2 * Number(height)]);
  },
);

it('the best trial is told from the others by its colour, and each dot by its name', () => {
  const markup = figures.search();
  // Its curve, and its dot for each of the three options.
  expect(markup.match(/="#e8590c"/g)).toHaveLength(4);
  expect(markup.match(/<title>trial 3: 0\.8000<\/title>/g)!.length).toBeGreaterThanOrEqual(3);
});

it('runs have a colour each, and lines of training are dashed', () => {
  const markup = figures.runs();
  expect(markup).toContain('stroke-dasharray="5 4"');
  expect(markup).toContain('short, training');
  expect(markup).not.toContain('short, validation');
});
