import { HttpError } from './http-errors.js';
import { mayUse, requireModel, type Caller } from './security/authenticator.js';
import type { ClassificationService } from './service.js';

/** The models that a server answers for, by name. Requests that name none get the first. */
export class ServedModels {
  readonly #byName: ReadonlyMap<string, ClassificationService>;
  readonly first: ClassificationService;

  /** @param services each of a model with another name */
  constructor(services: readonly [ClassificationService, ...ClassificationService[]]) {
    this.first = services[0];
    this.#byName = new Map(services.map((service) => [service.name, service]));
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  [Symbol.iterator](): IterableIterator<ClassificationService> {
    return this.#byName.values();
  }

  /** The model with a name. Throws NOT_FOUND. */
  named(name: string): ClassificationService {
    const service = this.#byName.get(name);
    if (service) return service;
    throw new HttpError('NOT_FOUND', `there is no model ${JSON.stringify(name)}`);
  }

  /** The models that a caller may use: none of the others is named to it. */
  allowedTo(caller: Caller): ClassificationService[] {
    return [...this].filter(({ name }) => mayUse(caller, name));
  }

  /** The model with a name, where a caller may use it. Throws FORBIDDEN and NOT_FOUND. */
  namedFor(caller: Caller, name: string): ClassificationService {
    // Before the model is looked up: whoever may not use it does not learn whether it is there.
    requireModel(caller, name);
    return this.named(name);
  }
}
