import type { Checkpoint, CheckpointDescription } from '../../artifacts/checkpoint.js';
import type { ImageShape } from '../../core/images.js';

export type Scaling = CheckpointDescription['preprocessing'];

/** What an import makes of a model: the parts of its checkpoint that depend on it. */
export interface Incoming {
  /** The program that made the model, with its version where that is known. */
  program: string;
  programVersion: string;
  model: CheckpointDescription['model'];
  /** What the configuration says of the model. */
  config: Readonly<Record<string, unknown>>;
  classes: number;
  /** The names of its classes, where it has them. */
  classNames: readonly string[] | undefined;
  shape: ImageShape;
  /** Whether the model leaves the size of images open. */
  isSizeOpen?: boolean | undefined;
  preprocessing: Scaling;
  tensors: Checkpoint['tensors'];
  /** The output layer that was added to a model without one, with weights that mean nothing. */
  addedHead?: string | undefined;
  /** The files of its weights, where those are beside it. */
  weightFiles?: readonly string[] | undefined;
  /** What is left out, and why that changes no output. */
  notes: readonly string[];
}

/** How pixels of 0 to 255 are scaled, by name. */
export const scalings = {
  'zero-one': { scale: 1 / 255, offset: 0 },
  'minus-one-one': { scale: 2 / 255, offset: -1 },
  none: { scale: 1, offset: 0 },
} as const;
