import type { EpochRecord } from './progress.js';

/** An epoch as TensorBoard shows it: curves with one name before the slash stand beside each other. */
export function epochScalars(record: EpochRecord): Record<string, number> {
  const { loss, accuracy, validation, learningRate, imagesPerSecond } = record;
  return {
    'loss/training': loss,
    'accuracy/training': accuracy,
    ...(validation ? { 'loss/validation': validation.loss, 'accuracy/validation': validation.accuracy } : {}),
    learning_rate: learningRate,
    images_per_second: imagesPerSecond,
  };
}
