// Runs in a thread of its own (hdf5.ts): a malicious file may keep a parser busy for ever, or fill its memory.
import { parentPort, workerData } from 'node:worker_threads';

import { File, type Group } from 'jsfive';

import { elementCount } from '../../../core/images.js';

/** What the thread answers: the groups and arrays of a file, or why it cannot be read. */
export type Hdf5Reply = { file: Hdf5File } | { reason: string };

/** The content of an HDF5 file, by path from its root. */
export interface Hdf5File {
  /** The texts among the attributes of groups: a list for several. */
  attributes: ReadonlyMap<string, Readonly<Record<string, string | readonly string[]>>>;
  arrays: ReadonlyMap<string, { shape: readonly number[]; values: Float32Array }>;
}

const MAX_DEPTH = 32;
const MAX_OBJECTS = 50_000;
/** How much larger than the file its arrays may be: what they claim is allocated before anything is unpacked. */
const MAX_EXPANSION = 16;

/** Reads everything of a file. Throws what the parser throws, which may be a text. */
function readAll(bytes: ArrayBuffer): Hdf5File {
  const attributes = new Map<string, Record<string, string | string[]>>();
  const arrays = new Map<string, { shape: number[]; values: Float32Array }>();
  let [objects, claimed] = [0, 0];
  const visit = (group: Group, path: string, depth: number): void => {
    if (depth > MAX_DEPTH) throw new Error('its groups are nested too deeply');
    attributes.set(path, textsOf(group.attrs));
    for (const key of group.keys) {
      if (++objects > MAX_OBJECTS) throw new Error(`it has more than ${MAX_OBJECTS} objects`);
      const at = path === '' ? key : `${path}/${key}`;
      const item = group.get(key);
      if (item === null) continue;
      if ('keys' in item && !Array.isArray(item)) {
        visit(item, at, depth + 1);
        continue;
      }
      const { shape, dtype } = item;
      if (typeof dtype !== 'string' || !/^[<>=|]?f[248]$/.test(dtype)) continue;
      const size = elementCount(shape);
      claimed += size * Number(dtype.at(-1));
      if (!(claimed <= MAX_EXPANSION * bytes.byteLength)) {
        throw new Error(`${at} claims ${size} numbers, more than the file can hold`);
      }
      const values = Float32Array.from(item.value);
      if (values.length !== size) throw new Error(`${at} holds ${values.length} numbers, expected ${size}`);
      arrays.set(at, { shape: [...shape], values });
    }
  };
  visit(new File(bytes), '', 0);
  return { attributes, arrays };
}

function textsOf(attributes: Readonly<Record<string, unknown>>): Record<string, string | string[]> {
  const texts: Record<string, string | string[]> = {};
  const clean = (text: string): string => text.replace(/\0+$/, '');
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'string') texts[name] = clean(value);
    else if (Array.isArray(value) && value.every((part) => typeof part === 'string')) {
      texts[name] = value.map(clean);
    }
  }
  return texts;
}

function answer(): Hdf5Reply {
  try {
    return { file: readAll(workerData as ArrayBuffer) };
  } catch (error) {
    // The parser throws texts.
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(answer());
