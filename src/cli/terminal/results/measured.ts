import type { MeasuredTraining } from '../../../models/model.js';
import { duration, percent } from '../format.js';

/** The measured accuracy of a model's shipped configuration, in a line. */
export function measuredText(measured: MeasuredTraining | null): string {
  if (!measured) return 'accuracy not measured';
  const { accuracy, seeds, seconds, machine, configuration } = measured;
  const mean = seeds === 1 ? 'one seed' : `mean of ${seeds} seeds`;
  return `test accuracy ${percent(accuracy)} (${mean}), trained in ${duration(seconds)} on ${machine} with ${configuration}`;
}
