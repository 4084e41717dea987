import type { Trace } from '../../engine/tracing/trace.js';
import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';

/** An exact GELU that a recording spells out as x · (erf(x · √½) · ½ + ½). */
export interface Gelu {
  /** The tensor that it is of. */
  input: number;
}

/**
 * Finds each GELU in a recording, because TFLite has that function and not the error function in it: for the operation that ends it what it is
 * of, for those before the word `inner`.
 */
export function findGelus(
  { operations }: Trace,
  values: ReadonlyMap<number, HostTensor>,
): Map<RecordedOperation, Gelu | 'inner'> {
  const producers = new Map(
    operations.flatMap((operation) => operation.outputs.map(({ id }) => [id, operation] as const)),
  );
  const consumers = new Map<number, RecordedOperation[]>();
  for (const operation of operations) {
    for (const id of operation.inputs) consumers.set(id, [...(consumers.get(id) ?? []), operation]);
  }
  /** The only operation that takes the result of another, if it has the name; the other input is a number or a tensor. */
  const next = (operation: RecordedOperation | undefined, name: RegExp): RecordedOperation | undefined => {
    const [only, ...others] = consumers.get(operation?.outputs[0]?.id ?? -1) ?? [];
    return only && others.length === 0 && name.test(only.name) ? only : undefined;
  };
  const numberBeside = (operation: RecordedOperation | undefined, id: number): number | undefined => {
    const other = operation?.inputs.find((input) => input !== id);
    const held = other === undefined ? undefined : values.get(other)?.values;
    return held?.length === 1 ? held[0] : undefined;
  };
  const isNear = (value: number | undefined, wanted: number): boolean =>
    value !== undefined && Math.abs(value - wanted) < 1e-6;
  const found = new Map<RecordedOperation, Gelu | 'inner'>();
  for (const erf of operations.filter(({ name }) => name === 'Erf')) {
    const scaled = producers.get(erf.inputs[0]!);
    const input = scaled?.inputs.find((id) => !values.has(id));
    const halved = next(erf, /^Mul$/);
    const raised = next(halved, /^Add(V2)?$/);
    const end = next(raised, /^Mul$/);
    if (scaled?.name !== 'Mul' || input === undefined || !halved || !raised || !end?.inputs.includes(input))
      continue;
    const isGelu =
      isNear(numberBeside(scaled, input), Math.SQRT1_2) &&
      isNear(numberBeside(halved, erf.outputs[0]!.id), 0.5) &&
      isNear(numberBeside(raised, halved.outputs[0]!.id), 0.5) &&
      consumers.get(scaled.outputs[0]!.id)?.length === 1;
    if (!isGelu) continue;
    for (const operation of [scaled, erf, halved, raised]) found.set(operation, 'inner');
    found.set(end, { input });
  }
  return found;
}
