import type { Checkpoint } from '../artifacts/checkpoint.js';
import { placeOnDevice, type DeviceImages } from '../engine/device-images.js';
import { allIndices, type LabelledImages } from '../engine/images.js';
import { inferenceProgram, type ExecutionMode } from '../engine/prepare.js';
import type { InferenceProgram } from '../engine/program.js';
import { loadModel } from './load-model.js';

export interface ClassifyOptions {
  signal: AbortSignal;
  /** Which images are classified, in this order; left out, all. */
  indices?: Int32Array;
  /** How the forward pass is run; left out, as is best on the backend. */
  mode?: ExecutionMode | undefined;
}

/**
 * The logits that a checkpoint's model gives some images, row by row, on the backend that was started. Throws
 * CHECKPOINT_REFUSED, and the signal's reason when aborted.
 */
export async function classifyImages(
  checkpoint: Checkpoint,
  images: LabelledImages,
  options: ClassifyOptions,
): Promise<Float32Array> {
  const classifier = new CheckpointClassifier(checkpoint, options.mode);
  try {
    return await classifier.classify(images, options);
  } finally {
    classifier.dispose();
  }
}

/** A checkpoint's model for one set of images after the other. Making it throws CHECKPOINT_REFUSED. */
export class CheckpointClassifier {
  readonly #checkpoint: Checkpoint;
  readonly #mode: ExecutionMode | undefined;
  readonly #loaded: ReturnType<typeof loadModel>;
  #opened: { placed: DeviceImages; program: InferenceProgram } | undefined;

  constructor(checkpoint: Checkpoint, mode?: ExecutionMode) {
    this.#checkpoint = checkpoint;
    this.#mode = mode;
    this.#loaded = loadModel(checkpoint);
  }

  /** The logits of images, row by row. Throws the signal's reason when aborted. */
  classify(
    images: LabelledImages,
    { signal, indices = allIndices(images.count) }: Omit<ClassifyOptions, 'mode'>,
  ): Promise<Float32Array> {
    if (this.#opened) this.#opened.program.replaceImages(images);
    else this.#opened = this.#open(images);
    return this.#opened.program.run(indices, signal);
  }

  dispose(): void {
    this.#opened?.program.dispose();
    this.#opened?.placed.dispose();
    this.#loaded.variables.dispose();
  }

  #open(images: LabelledImages): { placed: DeviceImages; program: InferenceProgram } {
    const { preprocessing, classNames } = this.#checkpoint.description;
    const { model, variables } = this.#loaded;
    const placed = placeOnDevice(images, preprocessing);
    const program = inferenceProgram(
      (batch) => model.apply(batch, variables.values()),
      placed,
      classNames.length,
      this.#mode,
    );
    return { placed, program };
  }
}
