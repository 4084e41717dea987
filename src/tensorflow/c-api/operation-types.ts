import type { TensorFlowApi } from './c-api.js';
import { attribute, type NodeAttribute } from './graph-builder.js';
import { OperationDefinitions } from './operation-definitions.js';

/**
 * Completes the attributes of tfjs's kernels: eager mode infers type attributes from the inputs, but a `NodeDef` must contain
 * them.
 */
export class OperationTypes {
  readonly #definitions: OperationDefinitions;

  constructor(api: TensorFlowApi) {
    this.#definitions = new OperationDefinitions(api);
  }

  /**
   * The attributes of an operation, in full. Types that are given and are not those of the inputs are corrected, as eager mode does it
   * (tfjs's kernel of a mean over integers names the type from before its conversion).
   */
  complete(
    operation: string,
    given: readonly NodeAttribute[],
    inputTypes: readonly number[],
  ): NodeAttribute[] {
    const { inputTypes: names = [], inputCount } = this.#definitions.of(operation) ?? {};
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

  dispose(): void {
    this.#definitions.dispose();
  }
}
