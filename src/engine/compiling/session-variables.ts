import { tensor, type DataId, type Variable } from '@tensorflow/tfjs-core';

import { DataType } from '../../tensorflow/c-api/data-types.js';
import { attribute, GraphBuilder, type NodeOutput } from '../../tensorflow/c-api/graph-builder.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import type { Session } from '../../tensorflow/c-api/session.js';

/**
 * Mirrors tfjs variables as resources of a session. Between runs the tfjs variables are authoritative: `push` copies changed values to
 * the session before a run, `pull` copies updated values back afterwards.
 */
export class SessionVariables {
  readonly #session: Session;
  readonly #names = new Map<Variable, string>();
  /** The tfjs value that the session holds for each variable; an assignment changes the `dataId`. */
  readonly #uploaded = new Map<Variable, DataId>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Creates resources for variables that have none yet. Throws TENSORFLOW_FAILED. */
  declare(variables: Iterable<Variable>): void {
    const graph = new GraphBuilder();
    for (const variable of variables) {
      if (this.#names.has(variable)) continue;
      const name = `variable_${this.#names.size}`;
      this.#names.set(variable, name);
      const handle = addHandle(graph, name, variable.shape, name);
      const type = [attribute.type('dtype', DataType.FLOAT)];
      const initial = graph.placeholder(`${name}_new`, DataType.FLOAT, variable.shape);
      graph.node('AssignVariableOp', [handle, initial], type, `${name}_assign`);
      graph.node('ReadVariableOp', [handle], type, `${name}_read`);
    }
    this.#session.extend(graph.finish());
  }

  /** Adds the handle of a declared variable to another graph of the session. */
  handle(graph: GraphBuilder, variable: Variable): NodeOutput {
    return addHandle(graph, this.#nameOf(variable), variable.shape);
  }

  /** Copies changed tfjs values to the session. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  async push(): Promise<void> {
    const stale = [...this.#names].filter(([variable]) => this.#uploaded.get(variable) !== variable.dataId);
    if (stale.length === 0) return;
    const feeds: Record<string, HostTensor> = {};
    for (const [variable, name] of stale) {
      const values = await variable.data<'float32'>();
      feeds[`${name}_new`] = { type: DataType.FLOAT, shape: variable.shape, values };
    }
    await this.#session.run({ feeds, targets: stale.map(([, name]) => `${name}_assign`) });
    for (const [variable] of stale) this.#uploaded.set(variable, variable.dataId);
  }

  /** Copies the values of some variables from the session to tfjs. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  async pull(variables: Iterable<Variable>): Promise<void> {
    const changed = [...variables];
    if (changed.length === 0) return;
    const values = await this.#session.run({
      fetches: changed.map((variable) => `${this.#nameOf(variable)}_read`),
    });
    changed.forEach((variable, index) => {
      const value = tensor(values[index] as Float32Array, variable.shape);
      variable.assign(value);
      value.dispose();
      this.#uploaded.set(variable, variable.dataId);
    });
  }

  #nameOf(variable: Variable): string {
    const name = this.#names.get(variable);
    if (name === undefined) throw new Error(`the variable ${variable.name} is not in the session`);
    return name;
  }
}

/** Adds a handle to a named resource, which all graphs of a session share. */
export function addHandle(
  graph: GraphBuilder,
  resource: string,
  shape: readonly number[],
  node?: string,
  type: number = DataType.FLOAT,
): NodeOutput {
  const attributes = [
    attribute.type('dtype', type),
    attribute.shape('shape', shape),
    attribute.text('shared_name', resource),
    attribute.text('container', ''),
  ];
  return graph.node('VarHandleOp', [], attributes, node);
}
