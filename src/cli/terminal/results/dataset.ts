import type { DatasetView } from '../../../stages/datasets/show-dataset.js';
import { cleanDeep } from '../clean.js';
import { columns, count } from '../format.js';
import { gallery } from '../half-blocks.js';
import type { Style } from '../style.js';
import { table } from '../table.js';

/** More pictures would push the numbers off the screen; the contact sheet has all classes. */
const MAX_PICTURES = 20;
const WIDTH = 86;

/** A data set for people: counts, pixel statistics, a sample of each class, and the findings. */
export function datasetText(given: DatasetView, style: Style): string {
  const view = cleanDeep(given);
  const { dataset, shape, splits, samples, classNames } = view;
  const size = `${shape.height}×${shape.width}×${shape.channels}`;
  const names = ['training', 'validation', 'test'] as const;
  const images = names.map((name) => `${count(splits[name].images)} ${name}`).join(' + ');
  const pictures = samples.slice(0, MAX_PICTURES);
  const rest = samples.length - pictures.length;
  return [
    `${style.bold(dataset)}: ${images} images of ${size}, ${count(classNames.length)} classes`,
    '',
    classTable(view),
    '',
    ...names
      .filter((name) => splits[name].images > 0)
      .map((name) => {
        const { mean, standardDeviation } = splits[name];
        return `pixels, ${name}: mean ${mean.toFixed(2)}, standard deviation ${standardDeviation.toFixed(2)} (0 to 255)`;
      }),
    '',
    gallery(
      pictures.map(({ className, picture }) => ({ name: className, picture })),
      WIDTH,
      style,
    ),
    ...(rest > 0 ? [`${rest} more classes; write them all with --contact-sheet FILE`] : []),
    '',
    ...findingLines(view, style),
    ...writtenLines(view),
  ].join('\n');
}

function classTable({ classNames, splits }: DatasetView): string {
  const { training, validation, test } = splits;
  const rows = classNames.map((name, label) => [
    name,
    ...[training, validation, test].map(({ counts }) => count(counts[label]!)),
    training.classMeans[label]?.toFixed(1) ?? '–',
  ]);
  const total = [training, validation, test].map(({ images }) => count(images));
  return table(
    ['class', 'training', 'validation', 'test', 'mean pixel'],
    [...rows, ['all', ...total, training.mean.toFixed(1)]],
  );
}

function findingLines({ findings, dataset }: DatasetView, { yellow, dim }: Style): string[] {
  if (!findings) return [dim(`no quality report; run "mnist preprocess ${dataset}"`)];
  return findings.map(({ title, count: found }) => {
    const line = `${title}: ${found === 0 ? 'none' : count(found)}`;
    return found > 0 ? yellow(line) : line;
  });
}

function writtenLines({ card, contactSheet }: DatasetView): string[] {
  const written = [
    ['data card', card],
    ['contact sheet', contactSheet],
  ].filter((row): row is [string, string] => row[1] !== null);
  return written.length === 0 ? [] : ['', columns(written)];
}
