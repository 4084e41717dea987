import { ToolkitError } from '../../core/errors.js';

/** Refuses what a step does. Throws STEP_NOT_TRACEABLE. */
export function refuse(operation: string, reason: string): never {
  throw new ToolkitError('STEP_NOT_TRACEABLE', { operation, reason });
}

/** Refuses a value that a step returns. */
export function refuseResult(what: string, path: string): never {
  const reason = `returns ${what}${path === '' ? '' : ` (result${path})`}: return tensors, or arrays and objects of them`;
  return refuse(
    'the step',
    what === 'a promise' ? 'is asynchronous: return tensors, and read them outside' : reason,
  );
}

/** Refuses a value that a step is called with. */
export function refuseArgument(what: string, path: string): never {
  throw new ToolkitError('USAGE', {
    message: `argument${path} of a compiled step is ${what}`,
    hint: 'pass tensors, or arrays and objects of them; a number that changes as tf.scalar(value)',
  });
}
