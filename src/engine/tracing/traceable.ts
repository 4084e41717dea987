import { isDeepStrictEqual } from 'node:util';

import { ToolkitError } from '../../core/errors.js';
import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import type { Trace } from './trace.js';

/**
 * Compares two traces of a function with different inputs: any other difference would become a constant of the compiled program.
 * Throws STEP_NOT_TRACEABLE with the first operation that differs.
 */
export function requireRepeatable(first: Trace, second: Trace): void {
  first.operations.forEach((operation, index) => {
    const again = second.operations[index];
    if (operation.name !== again?.name || operation.inputs.length !== again.inputs.length) {
      refuse(operation, 'is not part of every step: the operations depend on the data');
    }
    if (!isDeepStrictEqual(operation.attributes, again.attributes)) {
      refuse(operation, 'has attributes that change from step to step (a random seed drawn in JavaScript?)');
    }
    if (!isDeepStrictEqual(shapesOf(operation), shapesOf(again))) {
      refuse(operation, 'has an output whose shape depends on the data');
    }
    operation.inputs.forEach((input, position) => {
      const values = first.constants.get(input);
      if (values && !isDeepStrictEqual(values, second.constants.get(again.inputs[position]!))) {
        refuse(operation, 'takes values made in JavaScript that change from step to step (random numbers?)');
      }
    });
  });
  const extra = second.operations[first.operations.length];
  if (extra) refuse(extra, 'is not part of every step: the operations depend on the data');
}

function shapesOf({ outputs }: RecordedOperation): number[][] {
  return outputs.map(({ shape }) => shape);
}

function refuse({ name }: RecordedOperation, reason: string): never {
  throw new ToolkitError('STEP_NOT_TRACEABLE', { operation: name, reason });
}
