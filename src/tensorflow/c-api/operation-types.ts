import { attribute, type NodeAttribute } from './graph-builder.js';
import type { OperationDefinition } from './operation-definitions.js';

/**
 * The attributes of an operation of a graph, in full: eager mode infers type attributes from the inputs, but a `NodeDef` must contain
 * them. Types that are given and are not those of the inputs are corrected, as eager mode does it (tfjs's kernel of a mean over integers
 * names the type from before its conversion).
 *
 * @param definition of the operation; undefined if TensorFlow does not know it
 */
export function completeTypes(
  definition: OperationDefinition | undefined,
  given: readonly NodeAttribute[],
  inputTypes: readonly number[],
): NodeAttribute[] {
  const { inputTypes: names = [], inputCount } = definition ?? {};
  // Behind a list, an input has no fixed place.
  const hasLists = inputCount === undefined;
  const ofInputs = new Map<string, number>();
  names.forEach((name, index) => {
    const type = inputTypes[index];
    if (name === undefined || type === undefined) return;
    if (!hasLists || !given.some((other) => other.name === name)) ofInputs.set(name, type);
  });
  const rest = given.filter(({ name }) => !ofInputs.has(name));
  return [...rest, ...[...ofInputs].map(([name, type]) => attribute.type(name, type))];
}
