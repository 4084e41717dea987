import { writeFileAtomically } from '../../core/files.js';
import { contactSheet, type SheetRow } from '../../reports/drawing/contact-sheet.js';
import { pictureAt } from '../../reports/drawing/picture.js';
import type { EvaluationSubject } from './evaluation-subject.js';
import type { ShownMistake } from '../../evaluation/evaluation.js';

/**
 * Writes mistakes as a contact sheet: a row for each pair of actual and predicted class, those with the surest mistake
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
