import { stat } from 'node:fs/promises';

import { z } from 'zod';

import { openArtifact, type ArtifactFile } from '../core/encryption/artifact-file.js';
import { ToolkitError, systemCodeOf } from '../core/errors.js';
import { writeFileAtomically } from '../core/files.js';
import { pluginRecord } from '../core/plugins/records.js';
import { complaintOf } from '../core/validation.js';
import { refuseForeign } from './foreign/identify.js';
import { importedAs } from './prepared.js';
import { privacyAccount } from './privacy.js';
import {
  decodeSafetensorsInTurns,
  encodeSafetensors,
  readSafetensorsMetadata,
  type StoredTensor,
} from './safetensors.js';

/** Names and other short texts. */
const text = z.string().max(1000);
/** Enough for the description of a model with a thousand layers. */
const longText = z.string().max(65_536);
const MAX_EPOCHS = 100_000;
/** Limits of pixel scale and offset, which are large for images with little variance. */
const MAX_SCALE = 1e6;
const MAX_OFFSET = 1e9;

const metrics = z.strictObject({ loss: z.number(), accuracy: z.number() });

const epochRecord = z.strictObject({
  epoch: z.int().min(1),
  ...metrics.shape,
  validation: metrics
    .extend({
      /** If the classes did not count the same in training. */
      weightedAccuracy: z.number().optional(),
      /** That of a plug-in. */
      metric: z.strictObject({ name: text, value: z.number() }).optional(),
      /** What chose the best epoch, where it was not the accuracy. */
      score: z.number().optional(),
    })
    .nullable(),
  learningRate: z.number(),
  seconds: z.number(),
  imagesPerSecond: z.number(),
});

const execution = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('eager') }),
    z.strictObject({
      mode: z.literal('compiled'),
      threads: z.int(),
      schedulingThreads: z.int(),
      shards: z.int(),
    }),
  ])
  .nullable();

/** A file of another program. */
const foreignFile = z.strictObject({ program: text, version: text, file: text, sha256: text });

const descriptionSchema = z.strictObject({
  format: z.literal('mnist-train/checkpoint'),
  version: z.literal(1),
  /** The version of this package that wrote it. */
  toolkit: text,
  run: text,
  kind: z.enum(['last', 'best']),
  createdAt: z.iso.datetime(),
  /** The options of the run, with all keys on one level, as in a configuration file. */
  config: z.record(z.string(), z.unknown()),
  model: z.strictObject({ name: text, description: longText, parameters: z.int().min(0) }),
  /** Where a model was imported from; missing for those that were trained here. */
  origin: foreignFile.optional(),
  /** The file of another program whose weights its training began with; missing where there was none. */
  initial: foreignFile.optional(),
  /** The plug-ins that its model and training need; missing where there are none. */
  plugins: z.array(pluginRecord).max(100).optional(),
  classNames: z.array(text).min(1).max(256),
  shape: z.strictObject({
    height: z.int().min(1).max(8192),
    width: z.int().min(1).max(8192),
    channels: z.int().min(1).max(8192),
  }),
  /** The scaling of pixels from 0 to 255 to the model's input: pixel × scale + offset. */
  preprocessing: z.strictObject({
    scaling: text,
    scale: z.number().min(-MAX_SCALE).max(MAX_SCALE),
    offset: z.number().min(-MAX_OFFSET).max(MAX_OFFSET),
  }),
  data: z.strictObject({
    dataset: text,
    fingerprint: text,
    validationSplit: z.number().min(0).lt(1),
    splitSeed: z.int(),
    trainingImages: z.int().min(0),
    validationImages: z.int().min(0),
    /** The conversion of imported pictures, which inference repeats. */
    imported: importedAs.optional(),
  }),
  /** What it has spent of the privacy of its training images; missing if it was trained without protection. */
  privacy: privacyAccount.optional(),
  /** All random numbers come from named streams of this seed, so the seed and the progress are the complete random state. */
  random: z.strictObject({ seed: z.int(), generator: text }),
  progress: z.strictObject({
    step: z.int().min(0),
    history: z.array(epochRecord).max(MAX_EPOCHS),
    partial: z.strictObject({
      batches: z.int().min(0),
      loss: z.number(),
      correct: z.number(),
      images: z.int().min(0),
      seconds: z.number(),
    }),
  }),
  /** The machine that it was trained on. */
  machine: z.strictObject({
    backend: text,
    backendVersion: text,
    device: text,
    threads: z.int(),
    /** The model of the processor; missing in old checkpoints, or if the system does not report it. */
    processor: text.optional(),
    /** Whether TensorFlow used oneDNN, and its best instruction set: kernels, and so rounding, differ. Missing if unknown. */
    oneDnn: z.boolean().optional(),
    instructionSet: text.optional(),
    node: text,
    /** How the training step ran: shards and threads affect rounding. */
    execution,
  }),
});

/** The metadata of a checkpoint. */
export type CheckpointDescription = z.infer<typeof descriptionSchema>;

/** A trained model with everything needed to use it and to continue training. */
export interface Checkpoint {
  path: string;
  description: CheckpointDescription;
  /**
   * `parameters/…` and `optimizer/…`; if the parameters are averages, `training/…` are the weights that training continues with.
   */
  tensors: ReadonlyMap<string, StoredTensor>;
}

const DESCRIPTION = 'checkpoint';
/** The largest file that Node.js reads in one piece. */
const MAX_BYTES = 2 ** 31 - 1;

/** Writes a checkpoint atomically. Throws STORAGE_FULL or STORAGE_DENIED; an existing file is then unchanged. */
export async function writeCheckpoint({ path, description, tensors }: Checkpoint): Promise<void> {
  const metadata = { [DESCRIPTION]: JSON.stringify(description) };
  await writeFileAtomically(path, ...encodeSafetensors({ tensors, metadata }));
}

/**
 * Reads and verifies a checkpoint without blocking the event loop. Throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT,
 * CHECKPOINT_FOREIGN or CHECKPOINT_REFUSED.
 */
export function readCheckpoint(path: string): Promise<Checkpoint> {
  return withFile(path, async (file) => {
    const { size } = file;
    if (size > MAX_BYTES) throw new Error(`${size} bytes, more than any checkpoint has`);
    // Refuses other files before reading them completely.
    describedBy(await readSafetensorsMetadata(file.read, file.size), path);
    const { tensors, metadata } = await decodeSafetensorsInTurns(await file.read(0, size));
    return { path, tensors, description: describedBy(metadata, path) };
  });
}

/**
 * Reads the metadata of a checkpoint without reading or verifying its tensors. Throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT,
 * CHECKPOINT_FOREIGN or CHECKPOINT_REFUSED.
 */
export function readCheckpointDescription(path: string): Promise<CheckpointDescription> {
  return withFile(path, async (file) => {
    return describedBy(await readSafetensorsMetadata(file.read, file.size), path);
  });
}

function describedBy(metadata: Readonly<Record<string, string>>, path: string): CheckpointDescription {
  const stored = JSON.parse(metadata[DESCRIPTION] ?? 'null') as unknown;
  refuseOtherVersion(stored, path);
  return descriptionSchema.parse(stored);
}

async function withFile<Result>(path: string, use: (file: ArtifactFile) => Promise<Result>): Promise<Result> {
  try {
    // Reading a pipe would never end.
    if (!(await stat(path)).isFile()) throw new Error('not a file');
    const file = await openArtifact(path);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ToolkitError || systemCodeOf(error) === undefined) await refuseForeign(path);
    if (error instanceof ToolkitError) throw error;
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) {
      const details = { name: path, folder: path, nearest: undefined };
      throw new ToolkitError('CHECKPOINT_MISSING', details, { cause: error });
    }
    throw new ToolkitError('CHECKPOINT_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}

/** Refuses safetensors files of other programs, and of later versions of this one. */
function refuseOtherVersion(stored: unknown, path: string): void {
  const header = z
    .looseObject({ format: z.literal('mnist-train/checkpoint'), version: z.int() })
    .safeParse(stored);
  if (!header.success) {
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason: 'not a checkpoint of mnist-train' });
  }
  if (header.data.version !== 1) {
    const reason = `format version ${header.data.version}; this program supports version 1`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
  }
}
