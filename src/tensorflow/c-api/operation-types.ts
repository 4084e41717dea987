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

  /** The type attributes of an operation that are not among the given ones; none for an unknown operation. */
  missing(
    operation: string,
    given: readonly { name: string }[],
    inputTypes: readonly number[],
  ): NodeAttribute[] {
    const names = this.#definitions.of(operation)?.inputTypes ?? [];
    const missing = new Map<string, number>();
    names.forEach((name, index) => {
      const type = inputTypes[index];
      if (name === undefined || type === undefined || given.some((other) => other.name === name)) return;
      missing.set(name, type);
    });
    return [...missing].map(([name, type]) => attribute.type(name, type));
  }

  dispose(): void {
    this.#definitions.dispose();
  }
}
