import type { z } from 'zod';

import type { Configurable } from '../../../core/config/resolve.js';

/** Pixels row by row, with the channels of each pixel side by side. */
export interface OwnPixels {
  width: number;
  height: number;
  /** 1: grey, 3: red, green and blue. */
  channels: 1 | 3;
  /** 0 to 255. */
  data: Uint8Array | Uint8ClampedArray;
}

/** An image of a source of one's own. */
export interface OwnImage {
  /** Its class. */
  label: string;
  /** The content of an image file, such as a PNG, or pixels. */
  image: Uint8Array | OwnPixels;
  /** Without it, a share of each class becomes the test split. */
  split?: 'train' | 'validation' | 'test' | undefined;
  /** Where it is from, for the listings; without it, its position. */
  name?: string | undefined;
}

/** Images that come one after the other, as from a database, a camera or a generator. */
export type OwnImages = Iterable<OwnImage> | AsyncIterable<OwnImage>;

/** What a source needs beside its options. */
export interface SourceTask {
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
}

/** A plug-in of the registry of sources. */
export interface SourceDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** The images, in an order that is the same each time; undefined if they are in files that `--from` names. */
  // A method, for bivariance: definitions with narrower options remain assignable.
  images(options: z.output<Options>, task: SourceTask): OwnImages | Promise<OwnImages> | undefined;
}

/** Defines a source; infers the types of its options. */
export function defineSource<Name extends string, Options extends z.ZodObject>(
  definition: SourceDefinition<Name, Options>,
): SourceDefinition<Name, Options> {
  return { kind: 'source', ...definition };
}
