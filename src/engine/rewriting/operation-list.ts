import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';

/** The operations of a trace in order, what uses their tensors, and numbers for new tensors. */
export class OperationList {
  readonly operations: readonly RecordedOperation[];
  readonly #kept: ReadonlySet<number>;
  readonly #users = new Map<number, RecordedOperation[]>();
  readonly #makers = new Map<number, RecordedOperation>();
  #lastId = 0;

  /** @param kept tensors that are of use outside of the operations */
  constructor(operations: readonly RecordedOperation[], kept: Iterable<number>) {
    this.operations = operations;
    this.#kept = new Set(kept);
    for (const id of this.#kept) this.#lastId = Math.max(this.#lastId, id);
    for (const operation of operations) this.#add(operation);
  }

  /** The operations that take a tensor, each once; undefined where it is of use outside of them too. */
  onlyUsersOf(id: number): readonly RecordedOperation[] | undefined {
    return this.#kept.has(id) ? undefined : (this.#users.get(id) ?? []);
  }

  /** The operation that makes a tensor; undefined for what comes from outside. */
  makerOf(id: number): RecordedOperation | undefined {
    return this.#makers.get(id);
  }

  /** A number that no tensor has. */
  newId(): number {
    return ++this.#lastId;
  }

  #add(operation: RecordedOperation): void {
    for (const id of new Set(operation.inputs)) {
      this.#users.set(id, [...(this.#users.get(id) ?? []), operation]);
      this.#lastId = Math.max(this.#lastId, id);
    }
    for (const { id } of operation.outputs) {
      this.#makers.set(id, operation);
      this.#lastId = Math.max(this.#lastId, id);
    }
  }
}
