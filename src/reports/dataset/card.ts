import { count } from '../../core/format.js';
import type { ImageShape } from '../../core/images.js';
import { pixelHistogram, stackedBars, type Series } from '../charts/bar-charts.js';
import type { Finding, ImagePlace } from './findings.js';
import { escapeMarkup as text } from '../drawing/markup.js';
import { details, factsTable, legend, page, section, table, tiles } from '../drawing/page-parts.js';
import type { SplitStatistics } from './statistics.js';

/** All that a data card shows; pictures are `data:` addresses. */
export interface CardContent {
  dataset: string;
  shape: ImageShape;
  classNames: readonly string[];
  licence: string;
  origin: string;
  fingerprint: string;
  /** The version of this package that makes the card. */
  toolkit: string;
  splits: Readonly<Record<'training' | 'validation' | 'test', SplitStatistics>>;
  /** A strip of samples of each class; undefined for a class without training images. */
  samples: readonly (string | undefined)[];
  means: readonly string[];
  /** Undefined where no quality report lies beside the data. */
  findings: readonly Finding[] | undefined;
  /** The picture of an image that a finding names; undefined where there is no such image. */
  picture: (place: ImagePlace) => string | undefined;
  /** What an image's label says. */
  label: (place: ImagePlace) => string;
}

/**
 * A data card: what a data set holds and what is wrong with it, as one HTML page that needs no other file and no network, and
 * allows none.
 */
export function dataCard(content: CardContent): string {
  const { dataset, shape, classNames } = content;
  const size = `${shape.height} × ${shape.width}${shape.channels === 1 ? '' : ` × ${shape.channels}`}`;
  return page({
    title: `Data card: ${dataset}`,
    heading: dataset,
    origin: content.origin,
    header: facts(content, size, classNames.length),
    sections: [
      balance(content),
      pixels(content),
      samples(content),
      means(content),
      quality(content),
      provenance(content, size),
    ],
    toolkit: content.toolkit,
  });
}

function facts({ splits, licence }: CardContent, size: string, classes: number): string {
  return tiles([
    ['Training images', count(splits.training.images)],
    ['Validation images', count(splits.validation.images)],
    ['Test images', count(splits.test.images)],
    ['Classes', count(classes)],
    ['Image size', size],
    ['Licence', licence],
  ]);
}

function balance({ classNames, splits }: CardContent): string {
  const series: Series[] = (['training', 'validation', 'test'] as const).map((name, index) => ({
    name,
    color: `var(--s${index})`,
    values: splits[name].counts,
  }));
  const all = classNames.map((_, row) => series.reduce((sum, { values }) => sum + values[row]!, 0));
  const least = Math.min(...all);
  const most = Math.max(...all);
  const nameAt = (total: number): string => classNames[all.indexOf(total)]!;
  const words = {
    title: 'Images per class',
    description: `From ${count(least)} images (${nameAt(least)}) to ${count(most)} (${nameAt(most)}).`,
  };
  const key = legend(series.map(({ color, name }) => [color, name]));
  const rows = classNames.map((name, row) => [name, ...series.map(({ values }) => count(values[row]!))]);
  return section(
    'balance',
    'Class balance',
    `<p>${balanceText(least, most)}</p>${stackedBars(classNames, series, 'images', words)}${key}${details('Show the numbers', ['Class', 'Training', 'Validation', 'Test'], rows)}`,
  );
}

function balanceText(least: number, most: number): string {
  if (least === most) return 'All classes have the same number of images.';
  if (least === 0) return 'Some classes have no images.';
  return `The largest class is ${(most / least).toFixed(2)} times as large as the smallest.`;
}

function pixels({ classNames, splits }: CardContent): string {
  const { training } = splits;
  const extremes = [0, 255].map((value) => training.histogram[value]! / sum(training.histogram));
  const [black = 0, white = 0] = extremes.map((share) => 100 * share);
  const words = {
    title: 'Histogram of pixel values, training images, logarithmic',
    description: `${black.toFixed(1)} % of the pixels are 0 (black), ${white.toFixed(1)} % are 255 (white).`,
  };
  const splitRows = (['training', 'validation', 'test'] as const)
    .filter((name) => splits[name].images > 0)
    .map((name) => [name, splits[name].mean.toFixed(2), splits[name].standardDeviation.toFixed(2)]);
  const classRows = classNames.map((name, row) => [
    name,
    ...[training, splits.test].map(({ classMeans }) => classMeans[row]?.toFixed(2) ?? '–'),
  ]);
  return section(
    'pixels',
    'Pixel statistics',
    `<p>${words.description}</p>${pixelHistogram(training.histogram, words)}${table(['Split', 'Mean', 'Standard deviation'], splitRows)}${details('Mean pixel value per class', ['Class', 'Training', 'Test'], classRows)}`,
  );
}

function samples({ classNames, samples: strips }: CardContent): string {
  const rows = classNames.map((name, row) => {
    const strip = strips[row];
    const picture = strip
      ? `<img src="${strip}" alt="Samples of class ${text(name)}">`
      : '<span class="soft">no training images</span>';
    return `<dt>${text(name)}</dt><dd>${picture}</dd>`;
  });
  return section('samples', 'Samples', `<dl class="samples">${rows.join('')}</dl>`, 'wide');
}

function means({ classNames, means: pictures }: CardContent): string {
  const items = classNames.map(
    (name, row) => `<li><img src="${pictures[row]!}" alt=""><span>${text(name)}</span></li>`,
  );
  return section(
    'means',
    'Mean image per class',
    `<p class="soft">Averages of the training images.</p><ul class="means">${items.join('')}</ul>`,
    'wide',
  );
}

function quality({ findings, picture, label }: CardContent): string {
  const body =
    findings === undefined
      ? '<p>No quality report. Run <code>mnist preprocess</code> to write one.</p>'
      : `<ul class="findings">${findings.map((finding) => findingItem(finding, picture, label)).join('')}</ul>`;
  return section('quality', 'Data quality', body, 'wide');
}

function findingItem(
  { title, count: found, examples }: Finding,
  picture: CardContent['picture'],
  label: CardContent['label'],
): string {
  const figures = examples.map((places) => {
    const images = places.slice(0, 4).flatMap((place) => {
      const address = picture(place);
      return address === undefined ? [] : [`<img src="${address}" alt="${text(nameOf(place))}">`];
    });
    const more = places.length > 4 ? ` and ${places.length - 4} more` : '';
    const caption = places
      .slice(0, 4)
      .map((place) => `${nameOf(place)} (${label(place)})`)
      .join(', ');
    return `<figure>${images.join('')}<figcaption>${text(caption)}${more}</figcaption></figure>`;
  });
  const groups = figures.length > 0 ? `<div class="groups">${figures.join('')}</div>` : '';
  const number = found === 0 ? 'none' : count(found);
  return `<li${found > 0 ? ' class="some"' : ''}><h3>${text(title)}: <span class="count">${number}</span></h3>${groups}</li>`;
}

function nameOf({ file, index }: ImagePlace): string {
  return `${file} ${index}`;
}

function provenance(content: CardContent, size: string): string {
  const provenanceFacts = factsTable([
    ['Origin', content.origin],
    ['Licence', content.licence],
    ['Image', `${size} pixels, one byte each`],
    ['Fingerprint', content.fingerprint],
  ]);
  return section('provenance', 'Provenance', provenanceFacts, 'wide');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) || 1;
}
