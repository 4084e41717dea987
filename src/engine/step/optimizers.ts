import { createRequire } from 'node:module';

/** What tfjs's optimisers have of use here; `incrementIterations` is protected. */
interface Optimizer {
  incrementIterations: (this: Optimizer) => void;
}

/** The optimisers that a step uses, and what they held (settings such as the learning rate, lists of variables) when it was recorded. */
export class UsedOptimizers {
  readonly #settings = new Map<Optimizer, ReadonlyMap<string, unknown>>();

  /** Takes an optimiser in, with the settings that it has now. */
  add(optimizer: Optimizer): void {
    this.#settings.set(optimizer, settingsOf(optimizer));
  }

  /** Whether something has taken another's place since: it is a constant of what was recorded. */
  haveChanged(): boolean {
    for (const [optimizer, settings] of this.#settings) {
      for (const [name, value] of settings) {
        if ((optimizer as unknown as Record<string, unknown>)[name] !== value) return true;
      }
    }
    return false;
  }

  /** Counts a step, as the optimisers do it themselves in JavaScript. */
  countStep(): void {
    for (const optimizer of this.#settings.keys()) optimizer.incrementIterations();
  }
}

/**
 * Runs a function and gives the optimisers that it lets change variables. Their count of steps stays as it is: what is recorded is no
 * step of its own.
 */
export function watchOptimizers<Result>(run: () => Result): { result: Result; used: UsedOptimizers } {
  const used = new UsedOptimizers();
  const prototypes = optimizerPrototypes();
  const originals = prototypes.map((prototype) => prototype.incrementIterations);
  for (const prototype of prototypes) {
    prototype.incrementIterations = function () {
      used.add(this);
    };
  }
  try {
    return { result: run(), used };
  } finally {
    prototypes.forEach((prototype, index) => {
      prototype.incrementIterations = originals[index]!;
    });
  }
}

function settingsOf(optimizer: Optimizer): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(optimizer).filter(([name]) => name !== 'iterations_'));
}

const CORE_MODULE = /[\\/]@tensorflow[\\/]tfjs-core[\\/]dist[\\/]/;

/** Of every copy of tfjs-core that is loaded: a program may have one of its own. */
function optimizerPrototypes(): Optimizer[] {
  const { cache } = createRequire(import.meta.url);
  return Object.entries(cache).flatMap(([path, module]) => {
    if (!CORE_MODULE.test(path)) return [];
    const { Optimizer: found } = (module?.exports ?? {}) as { Optimizer?: { prototype: Optimizer } };
    return found ? [found.prototype] : [];
  });
}
