import { setImmediate as nextTurn } from 'node:timers/promises';

import { tensor4d, tidy, type Tensor4D } from '@tensorflow/tfjs-core';

import type { Checkpoint, CheckpointDescription } from '../artifacts/checkpoint.js';
import type { DecisionRule } from '../evaluation/decisions/rule.js';
import { CompiledForward, type SampleInputs } from '../engine/running/compiled-forward.js';
import { pixelsPerImage, type LabelledImages } from '../core/images.js';
import type { ExecutionMode } from '../engine/running/prepare.js';
import type { Forward } from '../engine/running/program.js';
import { requireFinite } from '../models/finite-outputs.js';
import type { Model } from '../models/model.js';
import type { OnnxClassifier } from '../models/onnx/classifier.js';
import { tensorFlowBackend, tensorFlowContext } from '../tensorflow/backend/tfjs-backend.js';
import type { TrainingVariables } from '../models/variables.js';

/** Images that a model is tried with before it answers. */
type SampleImages = SampleInputs & { source: LabelledImages };

/** A checkpoint's model with its parameters on the device or, of an ONNX file, in ONNX Runtime; and how its logits become decisions. */
export type ServedModel = ({ model: Model; variables: TrainingVariables } | { onnx: OnnxClassifier }) & {
  rule: DecisionRule;
};

/**
 * Builds a checkpoint's model to classify so many images at a time. Throws CHECKPOINT_REFUSED, also where this machine has too little
 * memory for it, and DECISION_INVALID.
 */
export type LoadModel = (checkpoint: Checkpoint, images: number) => Promise<ServedModel>;

/** A model ready to classify images, a batch at a time. */
export interface Predictor {
  readonly description: CheckpointDescription;
  /** The most images that it takes at once. */
  readonly maxBatch: number;
  /** How many batches it computes at a time. */
  readonly lanes: number;
  /**
   * The logits of some images: [count, classes].
   *
   * @param pixels from 0 to 255: [count, height, width, channels]
   */
  predict(pixels: Uint8Array, count: number): Promise<Float32Array>;
  /** Gives everything back; a prediction that is under way ends first. */
  close(): void;
}

/** The same with how its logits become decisions. */
export interface DecidingPredictor extends Predictor {
  readonly rule: DecisionRule;
}

/** How a predictor computes. */
export interface PredictorOptions {
  mode?: ExecutionMode | undefined;
  /** The images of a batch up to which the calling thread computes a short pass: 0 leaves the event loop free, for other requests. */
  mostAtOnce: number;
}

/**
 * Makes a checkpoint's model ready: compiled for a few batch sizes and run once with each, so that no request waits for that.
 * Without TensorFlow, and where that is asked for, it computes operation by operation. Throws CHECKPOINT_REFUSED for a model that cannot be built or whose
 * outputs are no numbers.
 */
export async function createPredictor(
  checkpoint: Checkpoint,
  maxBatch: number,
  load: LoadModel,
  { mode, mostAtOnce }: PredictorOptions,
): Promise<DecidingPredictor> {
  const loaded = await load(checkpoint, maxBatch);
  if ('onnx' in loaded) return onnxPredictor(checkpoint, loaded.onnx, maxBatch, loaded.rule);
  const { model, variables, rule } = loaded;
  const forward: Forward = (images) => model.apply(images, variables.values());
  const sample = sampleImages(checkpoint.description, maxBatch);
  let predictor: Predictor | undefined;
  try {
    const release = (): void => {
      variables.dispose();
    };
    const given = [checkpoint.description, forward, sample, maxBatch, release] as const;
    predictor =
      tensorFlowBackend() && mode !== 'eager'
        ? await compiledPredictor(...given, mostAtOnce)
        : eagerPredictor(...given);
    await requireNumbers(checkpoint, predictor, sample);
    return { ...predictor, rule };
  } catch (error) {
    if (predictor) predictor.close();
    else variables.dispose();
    throw error;
  }
}

/** The batch sizes that are compiled: powers of two, of which the next larger one is filled up. */
export function batchSizes(maxBatch: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < maxBatch; size *= 2) sizes.push(size);
  return [...sizes, maxBatch];
}

/** Passes occupy threads of libuv's pool, which has four by default; one stays for files and pictures. */
const MOST_LANES = 3;

/** How many batches a model computes at a time on the backend that was started. */
export function laneCount(): number {
  if (!tensorFlowBackend()) return 1;
  const { config, usesGpu } = tensorFlowContext();
  return usesGpu ? 1 : Math.min(config.threads, MOST_LANES);
}

/** Multiplications of a pass that the calling thread computes: another takes longer to wake up, and the event loop waits for less than 0.1 ms. */
const SHORT_PASS = 2e6;

async function compiledPredictor(
  description: CheckpointDescription,
  forward: Forward,
  sample: SampleImages,
  maxBatch: number,
  release: () => void,
  mostAtOnce: number,
): Promise<Predictor> {
  const { config, usesGpu } = tensorFlowContext();
  const lanes = laneCount();
  // Each pass has a thread of its own: that needs no agreement between threads, as sharing a kernel's work does.
  const cores = usesGpu ? {} : { threads: Math.floor(config.threads / lanes), sequential: true };
  const compiled = new CompiledForward(forward, sample, cores);
  const sizes = batchSizes(maxBatch);
  const size = pixelsPerImage(description.shape);
  try {
    for (const count of sizes) {
      compiled.compile(count);
      await compiled.push();
      await compiled.run(count, sample.source.pixels.subarray(0, count * size));
      // Other requests are being answered meanwhile.
      await nextTurn();
    }
  } catch (error) {
    compiled.close();
    throw error;
  }
  const classes = description.classNames.length;
  return {
    description,
    maxBatch,
    lanes,
    async predict(pixels, count) {
      const padded = sizes.find((candidate) => candidate >= count)!;
      const filled = padded === count ? pixels : filledUp(pixels, padded * size);
      const isShort = !usesGpu && count <= mostAtOnce && compiled.multiplications(padded) <= SHORT_PASS;
      const logits = isShort ? compiled.runNow(padded, filled) : await compiled.run(padded, filled);
      return padded === count ? logits : logits.subarray(0, count * classes);
    },
    close() {
      compiled.close();
      release();
    },
  };
}

function filledUp(pixels: Uint8Array, length: number): Uint8Array {
  const filled = new Uint8Array(length);
  filled.set(pixels);
  return filled;
}

function eagerPredictor(
  description: CheckpointDescription,
  forward: Forward,
  { source, scaling }: SampleImages,
  maxBatch: number,
  release: () => void,
): Predictor {
  const { height, width, channels } = source.shape;
  const apply = (pixels: Uint8Array, count: number): Promise<Float32Array> => {
    const scaled = Float32Array.from(pixels, (pixel) => pixel * scaling.scale + scaling.offset);
    const logits = tidy(() => forward(tensor4d(scaled, [count, height, width, channels]) satisfies Tensor4D));
    return logits.data<'float32'>().finally(() => {
      logits.dispose();
    });
  };
  return { description, maxBatch, lanes: 1, predict: apply, close: release };
}

/** A model in ONNX Runtime, which computes in threads of its own. */
async function onnxPredictor(
  checkpoint: Checkpoint,
  onnx: OnnxClassifier,
  maxBatch: number,
  rule: DecisionRule,
): Promise<DecidingPredictor> {
  const { description } = checkpoint;
  const { scale, offset } = description.preprocessing;
  const predictor: DecidingPredictor = {
    description,
    rule,
    maxBatch,
    lanes: Math.min(laneCount(), onnx.lanes),
    predict: (pixels) => onnx.logits(Float32Array.from(pixels, (pixel) => pixel * scale + offset)),
    close() {
      onnx.close();
    },
  };
  try {
    await requireNumbers(checkpoint, predictor, sampleImages(description, 1));
    return predictor;
  } catch (error) {
    onnx.close();
    throw error;
  }
}

/** Two images that differ in every pixel, to record and warm up a pass with. */
function sampleImages({ shape, preprocessing }: CheckpointDescription, count: number): SampleImages {
  const size = pixelsPerImage(shape);
  const pixels = Uint8Array.from({ length: count * size }, (_, index) => {
    const value = (index * 37) % 256;
    return Math.floor(index / size) % 2 === 0 ? value : 255 - value;
  });
  return {
    count,
    source: { count, shape, pixels, labels: new Uint8Array(count) },
    scaling: { scale: preprocessing.scale, offset: preprocessing.offset },
  };
}

/** A model whose weights are numbers, but not what it computes with them, is none. */
async function requireNumbers(
  checkpoint: Checkpoint,
  predictor: Predictor,
  { source }: SampleImages,
): Promise<void> {
  const logits = await predictor.predict(source.pixels.subarray(0, pixelsPerImage(source.shape)), 1);
  requireFinite(logits, checkpoint);
}
