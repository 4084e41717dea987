import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { OnnxClassifier } from './classifier.js';
import { onnxOf } from './settings.js';

/** A model that nobody has used for so long is closed: some commands ask the same one again and again. */
const IDLE_MS = 1000;

interface Shared {
  classifier: Promise<OnnxClassifier>;
  users: number;
  timer?: NodeJS.Timeout;
}

const all = new WeakMap<Uint8Array, Shared>();

/** Uses a checkpoint's ONNX model, which stays open for a while. Throws what `OnnxClassifier.open` and the action throw. */
export async function withOnnx<Result>(
  checkpoint: Checkpoint,
  use: (classifier: OnnxClassifier) => Promise<Result>,
): Promise<Result> {
  const { bytes } = onnxOf(checkpoint);
  const shared = all.get(bytes) ?? { classifier: OnnxClassifier.open(checkpoint), users: 0 };
  all.set(bytes, shared);
  clearTimeout(shared.timer);
  shared.users++;
  try {
    return await use(await shared.classifier);
  } finally {
    shared.users--;
    if (shared.users === 0) shared.timer = setTimeout(() => void close(bytes, shared), IDLE_MS).unref();
  }
}

async function close(bytes: Uint8Array, { classifier }: Shared): Promise<void> {
  all.delete(bytes);
  // Whoever waited for it has seen why it could not be opened.
  (await classifier.catch(() => undefined))?.close();
}
