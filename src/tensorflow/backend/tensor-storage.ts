import type { TensorRecord } from '#tensorflow-kernels';

/** tfjs's `DataId`: an object without properties, until a storage puts its record on it. */
type DataId = Record<symbol, TensorRecord | undefined>;

/** The number of new tensors after which the survivors are watched, even if the current task goes on. */
const MAX_YOUNG = 16_384;

/**
 * Replaces tfjs's `DataStorage`. That one uses a `WeakMap`; storing each record on its key is faster.
 *
 * A tensor's data can only be read through its key, which all its clones share. When the key is garbage-collected, the native
 * tensor is freed. Most tensors are disposed before the current task ends, so only the survivors are registered for that.
 */
export class TensorStorage {
  readonly #key = Symbol('record');
  readonly #fetch: (dataId: DataId) => void;
  readonly #forgotten: FinalizationRegistry<TensorRecord>;
  #young: DataId[] = [];
  #isPlanned = false;
  #count = 0;

  /**
   * @param fetch moves the data of another backend's tensor to this one
   * @param free deletes a native tensor
   */
  constructor(fetch: (dataId: DataId) => void, free: (id: number) => void) {
    this.#fetch = fetch;
    this.#forgotten = new FinalizationRegistry((record) => {
      if (record.id < 0) return;
      free(record.id);
      record.id = -1;
    });
  }

  get(dataId: DataId): TensorRecord {
    if (!dataId[this.#key]) this.#fetch(dataId);
    return dataId[this.#key]!;
  }

  set(dataId: DataId, record: TensorRecord): void {
    this.#count++;
    dataId[this.#key] = record;
    this.#young.push(dataId);
    if (this.#young.length >= MAX_YOUNG) this.#watchSurvivors();
    else if (!this.#isPlanned) this.#plan();
  }

  has(dataId: DataId): boolean {
    return dataId[this.#key] !== undefined;
  }

  delete(dataId: DataId): boolean {
    const record = dataId[this.#key];
    if (!record) return false;
    this.#count--;
    // The finalizer keeps the record until the key is collected: it must not hold values, nor free the tensor again.
    record.id = -1;
    record.values = null;
    dataId[this.#key] = undefined;
    return true;
  }

  numDataIds(): number {
    return this.#count;
  }

  #plan(): void {
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#watchSurvivors();
    });
  }

  #watchSurvivors(): void {
    for (const dataId of this.#young) {
      const record = dataId[this.#key];
      if (record) this.#forgotten.register(dataId, record);
    }
    this.#young = [];
  }
}
