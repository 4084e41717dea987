import { z } from 'zod';

/** Which layers a layer of a functional model takes its inputs from. */
export interface Calls {
  names: readonly string[];
  /** Why it cannot be imported as it is called. */
  problem?: string;
}

/** A tensor in Keras 3's notation: the layer, the call of it and the output of that. */
const kerasTensor = z.looseObject({
  class_name: z.literal('__keras_tensor__'),
  config: z.looseObject({ keras_history: z.tuple([z.string(), z.int(), z.int()]) }),
});
/** A call in Keras 3's notation. */
const call3 = z.looseObject({
  args: z.array(z.unknown()),
  kwargs: z.record(z.string(), z.unknown()).default({}),
});
/** A tensor in the notation of Keras 2 and TensorFlow.js. */
const tensor2 = z.tuple([z.string(), z.int(), z.int()], z.unknown());

/** Reads how a layer of a functional model is called. */
export function callsOf({ inbound_nodes: nodes = [] }: { inbound_nodes?: unknown[] | undefined }): Calls {
  const [first, ...more] = nodes;
  if (first === undefined) return { names: [] };
  const references = referencesIn(first);
  const names = references.map(([name]) => name);
  if (more.length > 0) return { names, problem: 'it is used several times, with the same weights' };
  if (references.some(([, , output]) => output !== 0)) {
    return { names, problem: 'it takes the second output of a layer' };
  }
  const call = call3.safeParse(first);
  if (call.success && referencesIn(call.data.kwargs).length > 0) {
    return { names, problem: 'it takes tensors as named arguments' };
  }
  return { names };
}

type Reference = [string, number, number];

/** All tensors in a call, in order. */
function referencesIn(value: unknown, depth = 0): Reference[] {
  if (depth > 8) return [];
  const old = tensor2.safeParse(value);
  if (old.success) return [[old.data[0], old.data[1], old.data[2]]];
  const newer = kerasTensor.safeParse(value);
  if (newer.success) return [newer.data.config.keras_history];
  const parts: unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'object' && value !== null
      ? Object.values(value)
      : [];
  return parts.flatMap((part) => referencesIn(part, depth + 1));
}
