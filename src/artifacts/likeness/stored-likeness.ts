import type { ImageShape } from '../../core/images.js';

/**
 * What training images look like, and from which distance on an image is unlike them, as `decision.json` holds it. The page is compiled
 * for browsers, so this file needs nothing of Node.js.
 */
export interface StoredLikeness {
  /** The Mahalanobis distance from the nearest class, in square roots of pixels at a smaller size. */
  method: 'mahalanobis';
  /** The share of images like the training images that the threshold calls unlike. */
  falseAlarms: number;
  /** How many numbers describe an image. */
  features: number;
  threshold: number;
  /** The shares of images beyond the threshold. */
  flagged: { validation: number; test: number };
  /** Float32 in base64: the whitening triangle, row by row, and the whitened mean of each class. */
  parameters: string;
}

/** The most numbers that describe an image: its covariance has their square. */
const MOST_FEATURES = 256;

/** How much smaller images are looked at, so that few numbers describe one. */
export function reducedShape({ width, height, channels }: ImageShape): ImageShape {
  const factor = Math.max(1, Math.ceil(Math.sqrt((width * height * channels) / MOST_FEATURES)));
  const reduced = (side: number): number => Math.max(1, Math.floor(side / factor));
  return { width: reduced(width), height: reduced(height), channels };
}
