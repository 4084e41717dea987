import type { StageContext } from '../../core/events.js';
import { cellExamples, type ExampleCell } from '../../evaluation/cell-examples.js';
import type { ScoredExamples } from '../../evaluation/probabilities.js';
import { pictureAt, thumbnail } from '../../reports/drawing/picture.js';
import type { PicturedCell } from '../../reports/evaluation/content.js';
import type { EvaluationSubject } from './evaluation-subject.js';

/** What the images of all cells may add to a report, in bytes. */
const SIZE_LIMIT = 2 ** 20;

/**
 * Images of the cells of the confusion matrix, at most `limit` for each. Each cell gets its first image before any gets a second one,
 * until the size limit is reached. Throws the signal's reason when aborted.
 */
export async function pictureCells(
  { images, indices }: Pick<EvaluationSubject, 'images' | 'indices'>,
  scored: ScoredExamples,
  limit: number,
  { signal }: Pick<StageContext, 'signal'>,
): Promise<PicturedCell[]> {
  const cells = cellExamples(scored, limit);
  const pictured = cells.map(({ label, predicted, count }): PicturedCell => {
    return { label, predicted, count, images: [] };
  });
  let size = 0;
  for (const [cell, { row, probability }] of inTurns(cells)) {
    signal.throwIfAborted();
    const index = indices[row]!;
    const picture = await thumbnail(pictureAt(images, index));
    size += picture.length;
    if (size > SIZE_LIMIT) break;
    pictured[cell]!.images.push({ index, probability, picture });
  }
  return pictured.filter((cell) => cell.images.length > 0);
}

/** The first examples of all cells, then the second ones, and so on, with the numbers of their cells. */
function inTurns(cells: readonly ExampleCell[]): [cell: number, example: ExampleCell['examples'][number]][] {
  const turns = Math.max(0, ...cells.map(({ examples }) => examples.length));
  return Array.from({ length: turns }, (_, turn) => turn).flatMap((turn) =>
    cells.flatMap(({ examples }, cell): [number, ExampleCell['examples'][number]][] => {
      const example = examples[turn];
      return example ? [[cell, example]] : [];
    }),
  );
}
