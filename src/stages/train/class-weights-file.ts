import { readFile } from 'node:fs/promises';

import type { Layer } from '../../core/config/resolve.js';
import { messageOf, systemCodeOf, ToolkitError } from '../../core/errors.js';
import { decodeText } from '../../core/formats/text.js';

/**
 * The settings with the content of `--class-weights FILE` in the place of its path: what a run records is the weights, so that it can be
 * resumed and repeated wherever the file is. Throws USAGE for a file that cannot be read.
 *
 * @param layers of which the first has precedence
 */
export async function withClassWeights(layers: readonly Layer[]): Promise<Layer[]> {
  const first = layers.find(({ values }) => values['classWeights'] !== undefined);
  if (first === undefined) return [...layers];
  const classWeights = await weightsOf(first.values['classWeights']);
  return layers.map((layer) =>
    layer === first ? { ...layer, values: { ...layer.values, classWeights } } : layer,
  );
}

async function weightsOf(given: unknown): Promise<unknown> {
  const stored = typeof given === 'string' && given !== 'balanced' ? await readWeights(given) : given;
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return stored;
  // In the order of their names, so that the same weights are the same text.
  return Object.fromEntries(Object.entries(stored).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A file's JSON, which is an object; the schema of the option checks what is in it. */
async function readWeights(path: string): Promise<object> {
  try {
    const stored: unknown = JSON.parse(decodeText(await readFile(path)));
    if (typeof stored === 'object' && stored !== null && !Array.isArray(stored)) return stored;
    throw new Error('not a JSON object');
  } catch (cause) {
    const reason = systemCodeOf(cause) === 'ENOENT' ? 'not found' : messageOf(cause);
    throw new ToolkitError(
      'USAGE',
      {
        message: `--class-weights ${path}: ${reason}`,
        hint: 'use "balanced", or a JSON file with a weight for each class: {"good": 1, "bad": 19}',
      },
      { cause },
    );
  }
}
