import { z } from 'zod';

import type { Checkpoint, CheckpointDescription } from '../../artifacts/checkpoint.js';
import { ToolkitError } from '../../core/errors.js';
import { complaintOf } from '../../core/validation.js';

/** What a checkpoint of an imported ONNX model calls its model. */
export const ONNX_MODEL = 'onnx';
/** The tensor of a checkpoint that holds the ONNX file. */
export const ONNX_TENSOR = 'onnx/model';

/** The types of elements that images are given as. */
export const inputTypes = ['float32', 'float64', 'float16', 'uint8'] as const;
/** Channels last, as this program has them, or first, as PyTorch. */
export const layouts = ['NHWC', 'NCHW'] as const;
export const colourOrders = ['RGB', 'BGR'] as const;
/** What a model gives for a class. */
export const outputKinds = ['logits', 'probabilities'] as const;

const name = z.string().min(1).max(1000);
const perChannel = z.array(z.number()).max(16);

/** How images become an ONNX model's input, and its output logits: what the configuration of its checkpoint says. */
const onnxSettings = z.strictObject({
  input: z.strictObject({
    name,
    type: z.enum(inputTypes),
    /** The sizes after the first, which is the number of images. */
    sizes: z.array(z.int().min(1)).min(1).max(3),
    /** The number of images that it takes at a time; null for any. */
    batch: z.int().min(1).max(1024).nullable(),
  }),
  layout: z.enum(layouts),
  order: z.enum(colourOrders),
  /** What is subtracted from the scaled pixels of each channel, and what they are then divided by; empty for nothing. */
  mean: perChannel,
  std: perChannel,
  output: z.strictObject({ name, kind: z.enum(outputKinds) }),
});

export type OnnxSettings = z.output<typeof onnxSettings>;

/** Whether a checkpoint's model is an ONNX file, which gives answers and has neither layers nor gradients. */
export function isOnnx({ model, plugins }: Pick<CheckpointDescription, 'model' | 'plugins'>): boolean {
  // A plug-in may have the same name.
  return model.name === ONNX_MODEL && !plugins?.some(({ kind }) => kind === 'model');
}

/** An ONNX model in a checkpoint, with how it is used. Throws CHECKPOINT_REFUSED. */
export function onnxOf({ path, description, tensors }: Checkpoint): {
  settings: OnnxSettings;
  bytes: Uint8Array;
} {
  const stored = onnxSettings.safeParse(description.config[ONNX_MODEL]);
  const tensor = tensors.get(ONNX_TENSOR);
  if (stored.success && tensor?.type === 'U8') return { settings: stored.data, bytes: tensor.bytes };
  const complaint = stored.success ? `it has no ${ONNX_TENSOR}` : complaintOf(stored.error);
  throw new ToolkitError('CHECKPOINT_REFUSED', {
    path,
    reason: `its ONNX model cannot be used: ${complaint}`,
  });
}

/** The error for a use of an ONNX model that needs its layers. */
export function onnxRefusal(path: string): ToolkitError {
  return new ToolkitError('CHECKPOINT_OPAQUE', { path });
}
