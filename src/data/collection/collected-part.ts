import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { openArtifact } from '../../core/encryption/artifact-file.js';
import { readError } from '../../core/files.js';
import { standardFileNames } from '../datasets/dataset.js';
import { pixelsPerImage, rowOf, type ImageShape } from '../../core/images.js';
import { IdxWriter } from './idx-writer.js';

const READ_BYTES = 1 << 20;

/** The images imported for one split, or for all: pixels on disk, labels and names in memory. */
export class CollectedPart {
  readonly labels: number[] = [];
  readonly names: string[] = [];
  readonly #images: IdxWriter;
  readonly #labelsPath: string;
  readonly #imageBytes: number;

  private constructor(images: IdxWriter, labelsPath: string, imageBytes: number) {
    this.#images = images;
    this.#labelsPath = labelsPath;
    this.#imageBytes = imageBytes;
  }

  /** @param name a split, which gets the standard file names, or a name for a part that is divided later */
  static async create(folder: string, name: string, shape: ImageShape): Promise<CollectedPart> {
    const isSplit = name === 'train' || name === 'test';
    const images = join(folder, isSplit ? standardFileNames[`${name}-images`] : `${name}-images`);
    const labels = join(folder, isSplit ? standardFileNames[`${name}-labels`] : `${name}-labels`);
    const { height, width, channels } = shape;
    const sides = channels === 1 ? [height, width] : [height, width, channels];
    return new CollectedPart(await IdxWriter.create(images, sides), labels, pixelsPerImage(shape));
  }

  get count(): number {
    return this.labels.length;
  }

  async add(pixels: Uint8Array, label: number, name: string): Promise<void> {
    await this.#images.append(pixels);
    this.labels.push(label);
    this.names.push(name);
  }

  /** Writes the labels, by their final numbers, and completes the files. */
  async finish(order: Uint8Array): Promise<void> {
    await this.#images.finish();
    const labels = await IdxWriter.create(this.#labelsPath, []);
    try {
      await labels.append(Uint8Array.from(this.labels, (label) => order[label]!));
      await labels.finish();
    } finally {
      await labels.close();
    }
  }

  /** Moves every image to another part, and removes the own file. */
  async divide(partOf: (index: number) => CollectedPart, signal: AbortSignal): Promise<void> {
    await this.#images.finish();
    const { path } = this.#images;
    const file = await openArtifact(path);
    try {
      const start = file.size - this.count * this.#imageBytes;
      const together = Math.max(1, Math.floor(READ_BYTES / this.#imageBytes));
      for (let first = 0; first < this.count; first += together) {
        signal.throwIfAborted();
        const count = Math.min(together, this.count - first);
        const chunk = await file.read(start + first * this.#imageBytes, count * this.#imageBytes);
        for (let index = 0; index < count; index++) {
          const pixels = rowOf(chunk, index, this.#imageBytes);
          const position = first + index;
          await partOf(position).add(pixels, this.labels[position]!, this.names[position]!);
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      throw readError(error, path);
    } finally {
      await file.close();
    }
    await rm(path, { force: true });
  }

  async close(): Promise<void> {
    await this.#images.close();
  }
}
