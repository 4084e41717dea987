import type { TensorMetadata } from '#tensorflow-kernels';

import type { NodeOutput } from '../c-api/graph-builder.js';
import { Session } from '../c-api/session.js';
import type { SessionConfig } from '../c-api/session-config.js';
import type { EagerBinding } from './eager-binding.js';

/**
 * A graph with threads of its own, whose inputs and outputs are eager tensors. The eager mode's functions share its threads, where two
 * kernels that run at once are in each other's way.
 */
export class GraphSession {
  readonly #binding: EagerBinding;
  readonly #session: Session;
  readonly #inputs: readonly NodeOutput[];
  readonly #outputs: readonly NodeOutput[];

  /**
   * Throws TENSORFLOW_FAILED or OUT_OF_MEMORY where TensorFlow refuses the graph.
   *
   * @param definition an encoded `GraphDef`
   */
  constructor(
    binding: EagerBinding,
    definition: Uint8Array,
    inputs: readonly NodeOutput[],
    outputs: readonly NodeOutput[],
    config: SessionConfig,
  ) {
    this.#binding = binding;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#session = new Session(binding.context.api, config);
    try {
      this.#session.extend(definition);
    } catch (error) {
      this.#session.close();
      throw error;
    }
  }

  /** Runs it on tensors of the binding, by their ids, and blocks meanwhile. */
  run(inputs: readonly number[]): TensorMetadata[] {
    return this.#binding.runSession(this.#session, inputs, this.#inputs, this.#outputs);
  }

  /** Gives back what it holds of TensorFlow. */
  remove(): void {
    this.#session.close();
  }
}
