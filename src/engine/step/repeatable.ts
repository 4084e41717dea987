import { isDeepStrictEqual } from 'node:util';

import { requireRepeatable } from '../tracing/traceable.js';
import { refuse } from './refusal.js';
import type { StepTrace } from './step-trace.js';

/**
 * Compares two traces of one step. Throws STEP_NOT_TRACEABLE where they differ: what changes in JavaScript from call to call would be
 * frozen in a program.
 */
export function requireSameProgram(first: StepTrace, second: StepTrace): void {
  requireRepeatable(first, second);
  const [before, after] = [sourcesOf(first), sourcesOf(second)];
  first.operations.forEach(({ name, inputs }, index) => {
    const again = second.operations[index]!.inputs;
    if (inputs.some((input, at) => before(input) !== after(again[at]!))) {
      refuse(name, 'takes other tensors in each call: pass them as arguments of the step');
    }
  });
  const ends = (trace: StepTrace, sourceOf: (id: number) => string): unknown => [
    trace.structure,
    trace.results.map(sourceOf),
    [...trace.assigned].map(([variable, id]) => [variable.id, sourceOf(id)]),
  ];
  if (!isDeepStrictEqual(ends(first, before), ends(second, after))) {
    refuse('the step', 'returns something else, or changes other variables, in each call');
  }
  for (const id of [...first.results, ...first.assigned.values()]) {
    const again = second.results[first.results.indexOf(id)];
    const values = first.constants.get(id);
    if (values && again !== undefined && !isDeepStrictEqual(values, second.constants.get(again))) {
      refuse('the step', 'returns values made in JavaScript that change from call to call');
    }
  }
}

/** Says where a tensor of a trace comes from, in words that do not depend on the numbers of one run. */
function sourcesOf(trace: StepTrace): (id: number) => string {
  const sources = new Map<number, string>();
  for (const [id, variable] of trace.variables) sources.set(id, `variable ${variable.id}`);
  trace.parameters.forEach((id, index) => sources.set(id, `argument ${index}`));
  trace.operations.forEach(({ outputs }, index) => {
    outputs.forEach(({ id }, output) => sources.set(id, `${index}:${output}`));
  });
  return (id) => sources.get(id) ?? (id < trace.firstOwn ? `tensor ${id}` : 'constant');
}
