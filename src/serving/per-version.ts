import type { ClassificationService } from './service.js';
import type { DescribedVersion } from './versions.js';

/** Something of each model that is made once for a version, when it is first asked for; a failure is forgotten. */
export class PerVersion<Value> {
  readonly #known = new Map<string, { version: string; value: Promise<Value> }>();

  /** That of a model's production version. Throws NOT_READY, and what `make` throws. */
  of(
    { name, versions }: ClassificationService,
    make: (described: DescribedVersion) => Promise<Value>,
  ): Promise<Value> {
    const described = versions.describe();
    const { version } = described;
    const known = this.#known.get(name);
    if (known?.version === version) return known.value;
    const value = make(described).catch((error: unknown) => {
      if (this.#known.get(name)?.value === value) this.#known.delete(name);
      throw error;
    });
    this.#known.set(name, { version, value });
    return value;
  }
}
