import { readFile, writeFile } from 'node:fs/promises';

import { z } from 'zod';

import { heldArray, type ForeignArray } from '../../src/artifacts/foreign/weights/array.js';
import { elementCount } from '../../src/core/images.js';

const numbers = z.array(z.number());
const netSchema = z.object({
  parameters: z.number(),
  gain: z.number(),
  shapes: z.record(z.string(), numbers),
  colour: numbers,
  grey: numbers,
  statistics: z.object({ layer: z.string(), mean: numbers, variance: numbers }),
});
/** Made with torchvision by bench/fixtures/make_backbone_fixture.py. */
const fixtureSchema = z.object({
  classes: z.number(),
  images: z.number(),
  height: z.number(),
  width: z.number(),
  narrow: z.number(),
  nets: z.record(z.string(), netSchema),
});

const file = new URL('../fixtures/backbones.json', import.meta.url);
/** What torchvision's networks make of some images. */
export const torchvision = fixtureSchema.parse(JSON.parse(await readFile(file, 'utf8')));

/** Numbers from 0 up to 1: the same formula as in the script. */
export function formula(stream: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => {
    let h = (Math.imul(index, 2654435761) + stream * 40503) >>> 0;
    h = Math.imul(h ^ (h >>> 15), 2246822519) >>> 0;
    return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32;
  });
}

/** The state dict of a network with 7 classes, with the weights that torchvision's had. */
export function stateDict(net: string): Map<string, ForeignArray> {
  const { shapes, gain } = torchvision.nets[net]!;
  return new Map(
    Object.entries(shapes).map(([name, shape], stream) => {
      const limit = shape.length > 1 ? Math.sqrt(gain / elementCount(shape.slice(1))) : 0.1;
      const isPositive = shape.length === 1 && /\.(weight|running_var)$/.test(name);
      const values = Float32Array.from(formula(stream, elementCount(shape)), (value) =>
        isPositive ? 0.5 + value : (2 * value - 1) * limit,
      );
      return [name, heldArray(shape, values)];
    }),
  );
}

/** Writes a state dict as `safetensors.torch.save_file` does. */
export async function writeStateDict(path: string, arrays: ReadonlyMap<string, ForeignArray>): Promise<void> {
  const header: Record<string, unknown> = {};
  const data: Uint8Array[] = [];
  let end = 0;
  for (const [name, array] of arrays) {
    const start = end;
    const bytes = new Uint8Array(array.values().buffer);
    end += bytes.length;
    header[name] = { dtype: 'F32', shape: array.shape, data_offsets: [start, end] };
    data.push(bytes);
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([length, text, ...data]));
}
