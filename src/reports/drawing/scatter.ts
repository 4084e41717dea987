import { scaleLinear } from 'd3-scale';
import sharp from 'sharp';

import { escapeMarkup, shorten } from './markup.js';

/** Tableau's ten colours, which stay apart from each other; more classes take hues in a circle. */
const COLORS = [
  ...['#4e79a7', '#f28e2b', '#e15759', '#76b7b2', '#59a14f'],
  ...['#edc948', '#b07aa1', '#ff9da7', '#9c755f', '#6b7280'],
];
const SIDE = 760;
const MARGIN = 24;
const TITLE = 40;
/** Of a sans-serif font of this size. */
const LETTER = 9;
const LINE = 24;
/** More names would run out of the picture. */
const MAX_NAMES = 29;
const MAX_NAME = 18;

/** Points in a plane, each of a class. */
export interface ScatterContent {
  title: string;
  points: readonly (readonly [x: number, y: number])[];
  labels: ArrayLike<number>;
  classNames: readonly string[];
}

/** Points as a PNG, coloured by class, with a legend. The names are set in a font of the system. */
export function scatterPicture(content: ScatterContent): Promise<Buffer> {
  return sharp(Buffer.from(scatterMarkup(content)))
    .png({ compressionLevel: 9 })
    .toBuffer();
}

function scatterMarkup({ title, points, labels, classNames }: ScatterContent): string {
  const [x, y] = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis]!);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const range = axis === 0 ? [MARGIN, SIDE - MARGIN] : [TITLE + SIDE - MARGIN, TITLE + MARGIN];
    return scaleLinear().domain([low, high]).range(range);
  });
  const color = (label: number): string =>
    classNames.length <= COLORS.length
      ? COLORS[label]!
      : `hsl(${Math.round((360 * label) / classNames.length)},65%,${label % 2 === 0 ? 45 : 62}%)`;
  const dots = points.map(
    ([px, py], index) =>
      `<circle cx="${x!(px).toFixed(1)}" cy="${y!(py).toFixed(1)}" r="3.2" fill="${color(labels[index]!)}"/>`,
  );
  const shown = classNames.slice(0, MAX_NAMES);
  const left = SIDE + 8;
  const width = left + 32 + LETTER * Math.max(...shown.map((name) => Math.min(name.length, MAX_NAME)), 9);
  const legend = shown.map((name, label) => {
    const top = TITLE + MARGIN + label * LINE;
    return `<circle cx="${left}" cy="${top}" r="7" fill="${color(label)}"/><text x="${left + 16}" y="${top + 5}">${escapeMarkup(shorten(name, MAX_NAME))}</text>`;
  });
  if (classNames.length > shown.length) {
    const top = TITLE + MARGIN + shown.length * LINE;
    legend.push(`<text x="${left + 16}" y="${top + 5}">and ${classNames.length - shown.length} more</text>`);
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${SIDE + TITLE}" font-family="sans-serif" font-size="16" fill="#1c1d21">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<rect x="8" y="${TITLE}" width="${SIDE - 16}" height="${SIDE - 8}" fill="none" stroke="#dcdcd6"/>`,
    `<text x="8" y="26" font-size="18">${escapeMarkup(title)}</text>`,
    `<g fill-opacity="0.7">${dots.join('')}</g>`,
    ...legend,
    '</svg>',
  ].join('');
}
