import type { TensorFlowApi } from './c-api.js';
import { attribute, type NodeAttribute } from './graph-builder.js';
import { OperationDefinitions } from './operation-definitions.js';

/**
 * Fills in what tfjs's kernels leave out: eager mode infers an operation's type attributes from its inputs, a graph has to
 * state them.
 */
export class OperationTypes {
  readonly #definitions: OperationDefinitions;

  constructor(api: TensorFlowApi) {
    this.#definitions = new OperationDefinitions(api);
  }

  /** The type attributes that are missing among those given; none for an operation that TensorFlow does not know. */
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
