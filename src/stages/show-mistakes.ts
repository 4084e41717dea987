import { writeFileAtomically } from '../core/files.js';
import { confidentMistakes } from '../evaluation/mistakes.js';
import type { ScoredExamples } from '../evaluation/probabilities.js';
import { contactSheet, type SheetRow } from '../seeing/contact-sheet.js';
import { pictureAt } from '../seeing/picture.js';
import type { EvaluationSubject } from './evaluation-subject.js';

/** An image of a split that was taken for something else. */
export interface ShownMistake {
  /** Its position in the file of its split. */
  index: number;
  label: string;
  predicted: string;
  /** How likely the predicted class was said to be, and the true one. */
  probability: number;
  labelProbability: number;
}

/** The most confident mistakes of a checkpoint on its split, the surest first. */
export function listMistakes(
  { checkpoint, indices }: EvaluationSubject,
  scored: ScoredExamples,
  limit: number,
): ShownMistake[] {
  const { classNames } = checkpoint.description;
  return confidentMistakes(scored, limit).map(({ row, label, predicted, ...probabilities }) => ({
    index: indices[row]!,
    label: classNames[label]!,
    predicted: classNames[predicted]!,
    ...probabilities,
  }));
}

/**
 * Writes mistakes as a contact sheet: a row for each pair of a class and what it was taken for, those with the surest mistake
 * first. Throws storage errors.
 */
export async function writeMistakeSheet(
  path: string,
  { images }: EvaluationSubject,
  mistakes: readonly ShownMistake[],
): Promise<void> {
  const rows = new Map<string, SheetRow & { pictures: ReturnType<typeof pictureAt>[] }>();
  for (const { index, label, predicted } of mistakes) {
    const name = `${label} → ${predicted}`;
    const row = rows.get(name) ?? { name, pictures: [] };
    row.pictures.push(pictureAt(images, index));
    rows.set(name, row);
  }
  await writeFileAtomically(path, await contactSheet([...rows.values()]));
}
