import type { Named } from '../../../core/registry.js';
import type { ImageShape } from '../../../core/images.js';

/** A plug-in of the registry of denoisers. */
export interface Denoiser<Name extends string = string> extends Named<Name> {
  /** Where the method comes from. */
  readonly source: string;
  /** Writes a denoised image to `target`; both are [height, width, channels]. */
  denoise(source: Uint8Array, target: Uint8Array, shape: ImageShape): void;
}

/** Says what a denoiser is, keeping the type of its name. */
export function defineDenoiser<Name extends string>(denoiser: Denoiser<Name>): Denoiser<Name> {
  return denoiser;
}

/** A position moved to the nearest one within an image. */
export function within(position: number, side: number): number {
  return position < 0 ? 0 : position >= side ? side - 1 : position;
}
