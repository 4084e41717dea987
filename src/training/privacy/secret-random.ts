import { randomFillSync } from 'node:crypto';

/**
 * Fills bytes with random ones that nobody can predict or repeat: what protects an image must not follow from a seed that is written
 * down. Tests give others, to compare runs.
 */
export type FillRandomly = (bytes: Uint8Array) => void;

/** Random bytes of the operating system's generator. */
export const secretRandom: FillRandomly = (bytes) => {
  randomFillSync(bytes);
};
