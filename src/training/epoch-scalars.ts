import type { EpochRecord } from './progress.js';

/** The TensorBoard scalars of an epoch; TensorBoard groups charts by the name before the slash. */
export function epochScalars(record: EpochRecord): Record<string, number> {
  const { loss, accuracy, validation, learningRate, imagesPerSecond } = record;
  return {
    'loss/training': loss,
    'accuracy/training': accuracy,
    ...(validation ? { 'loss/validation': validation.loss, 'accuracy/validation': validation.accuracy } : {}),
    ...(validation?.metric ? { [`${validation.metric.name}/validation`]: validation.metric.value } : {}),
    learning_rate: learningRate,
    images_per_second: imagesPerSecond,
  };
}
