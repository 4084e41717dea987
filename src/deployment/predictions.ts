import { decodeSafetensors, encodeSafetensors, SafetensorsError } from '../artifacts/safetensors.js';
import { readArtifact } from '../core/encryption/artifact-file.js';
import { isKeyError } from '../core/encryption/key-errors.js';
import { ToolkitError } from '../core/errors.js';
import { writeFileAtomically } from '../core/files.js';
import { complaintOf } from '../core/validation.js';

/** The predicted and the true classes of the test images: enough to compare the model with another one later. */
export interface TestPredictions {
  labels: Uint8Array;
  predictions: Uint8Array;
}

/** Writes predictions beside a model. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writePredictions(
  path: string,
  { labels, predictions }: TestPredictions,
): Promise<void> {
  const tensor = (bytes: Uint8Array): { type: 'U8'; shape: number[]; bytes: Uint8Array } => ({
    type: 'U8',
    shape: [bytes.length],
    bytes,
  });
  const tensors = new Map([
    ['labels', tensor(labels)],
    ['predictions', tensor(predictions)],
  ]);
  await writeFileAtomically(path, ...encodeSafetensors({ tensors, metadata: {} }));
}

/** Reads predictions. Throws MODEL_CORRUPT. */
export async function readPredictions(path: string): Promise<TestPredictions> {
  try {
    const { tensors } = decodeSafetensors(await readArtifact(path));
    const labels = tensors.get('labels')?.bytes;
    const predictions = tensors.get('predictions')?.bytes;
    if (!labels || labels.length !== predictions?.length)
      throw new SafetensorsError('not a list of predictions');
    return { labels, predictions };
  } catch (error) {
    if (isKeyError(error)) throw error;
    throw new ToolkitError('MODEL_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}
