import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { ToolkitError } from '../../core/errors.js';
import { imagesTogether, pixelsPerImage, type ImageShape } from '../../core/images.js';
import { SessionError, type SessionLimits } from '../../engine/onnx-runtime/session.js';
import { OnnxSessions } from '../../engine/onnx-runtime/sessions.js';
import { onnxRuntime } from '../../engine/onnx-runtime/start.js';
import { availableMemory } from '../pass-cost.js';
import { inputOf } from './input.js';
import { logitsIn, OutputError } from './output.js';
import { onnxOf, type OnnxSettings } from './settings.js';

/** The pixels of a batch, where a model takes any number of images. */
const BATCH_PIXELS = 2 ** 20;
const MOST_IMAGES = 256;
/** What WebAssembly can have. */
const MOST_MEMORY = 2 ** 32;
/** Leaves memory for other processes. */
const USABLE_SHARE = 0.8;
/** Far more than a batch of a classifier of small images takes, or loading the model. */
const LIMIT_MS = 120_000;

/** An ONNX model of a checkpoint, ready to classify. */
export class OnnxClassifier {
  /** How many batches it computes at a time. */
  readonly lanes: number;
  readonly #sessions: OnnxSessions;
  readonly #settings: OnnxSettings;
  readonly #checkpoint: Checkpoint;

  private constructor(checkpoint: Checkpoint, settings: OnnxSettings, sessions: OnnxSessions, lanes: number) {
    this.#checkpoint = checkpoint;
    this.#settings = settings;
    this.#sessions = sessions;
    this.lanes = lanes;
  }

  /** Throws CHECKPOINT_REFUSED, and what `startOnnxRuntime` throws. */
  static async open(checkpoint: Checkpoint): Promise<OnnxClassifier> {
    const { settings, bytes } = onnxOf(checkpoint);
    const { runtime, threads } = await onnxRuntime();
    return new OnnxClassifier(
      checkpoint,
      settings,
      new OnnxSessions(runtime, bytes, limitsFor(threads)),
      threads,
    );
  }

  /**
   * The logits of images: [count, classes]. Throws CHECKPOINT_REFUSED where ONNX Runtime cannot compute them, and the signal's reason
   * when aborted.
   *
   * @param images scaled, one after the other: [count, height, width, channels]
   */
  async logits(images: Float32Array, signal?: AbortSignal): Promise<Float32Array> {
    const { shape, classNames } = this.#checkpoint.description;
    const size = pixelsPerImage(shape);
    const count = images.length / size;
    const logits = new Float32Array(count * classNames.length);
    const step = this.#settings.input.batch ?? batchSize(shape);
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < count) {
        const start = next;
        next += step;
        const batch = images.subarray(start * size, (start + step) * size);
        logits.set(await this.#batch(batch, step, signal), start * classNames.length);
      }
    };
    const stopping = (error: unknown): never => {
      // The others begin no further batch.
      next = count;
      throw error;
    };
    await Promise.all(
      Array.from({ length: Math.min(this.lanes, Math.ceil(count / step)) }, () => work().catch(stopping)),
    );
    return logits;
  }

  /** Frees everything; what is under way ends first. */
  close(): void {
    this.#sessions.close();
  }

  async #batch(images: Float32Array, step: number, signal?: AbortSignal): Promise<Float32Array> {
    const { description, path } = this.#checkpoint;
    const { shape, classNames } = description;
    const count = images.length / pixelsPerImage(shape);
    const { input, output } = this.#settings;
    // A model with a fixed number of images gets some of nothing beside the last ones.
    const fed = input.batch === null ? count : step;
    try {
      const request = { input: inputOf(images, fed, shape, this.#settings), output: output.name };
      const found = await this.#sessions.run(request, signal);
      return logitsIn(withRows(found, fed, count), count, classNames.length, output.kind);
    } catch (error) {
      if (!(error instanceof SessionError || error instanceof OutputError)) throw error;
      const reason = `its ONNX model cannot be computed: ${error.message}`;
      throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason }, { cause: error });
    }
  }
}

/** How many images of a shape are computed at a time by a model that takes any number. */
function batchSize(shape: ImageShape): number {
  return imagesTogether(MOST_IMAGES, shape, BATCH_PIXELS);
}

/** What a model may take on this machine, in each of some threads. */
export function limitsFor(threads: number): SessionLimits {
  const memory = Math.min(MOST_MEMORY, (USABLE_SHARE * availableMemory()) / threads);
  return { memory, loadMs: LIMIT_MS, runMs: LIMIT_MS };
}

/** The first rows of an output of more. */
function withRows(
  { shape, values }: { shape: readonly number[]; values: Float32Array },
  rows: number,
  wanted: number,
): { shape: readonly number[]; values: Float32Array } {
  if (shape[0] !== rows || rows === wanted) return { shape, values };
  return { shape: [wanted, ...shape.slice(1)], values: values.subarray(0, (values.length / rows) * wanted) };
}
