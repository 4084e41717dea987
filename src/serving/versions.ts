import type { Checkpoint, CheckpointDescription } from '../artifacts/checkpoint.js';
import { keepKeys } from '../core/encryption/session.js';
import { asToolkitError, type ToolkitError } from '../core/errors.js';
import type { DecisionRule } from '../evaluation/decisions/rule.js';
import type { ExecutionMode } from '../engine/running/prepare.js';
import { Batcher, type BatcherOptions, type BatchReport } from './batcher.js';
import { HttpError } from './http-errors.js';
import { describeEnsemble, ensemblePredictor } from './ensemble.js';
import { createPredictor, type DecidingPredictor, type LoadModel } from './predictor.js';
import type { ModelSource } from './source.js';

/** The traffic split between the production version and the candidate. */
export interface Traffic {
  /** Percentage of the requests that the candidate answers. */
  canary: number;
  /** Whether the candidate also computes what production answers, for comparison. */
  shadow: boolean;
}

export interface VersionsOptions extends BatcherOptions {
  maxBatch: number;
  /** How the model is run; left out, as is best on the backend. */
  mode?: ExecutionMode | undefined;
  traffic: Traffic;
}

/** Receives what happens to versions. */
export interface VersionObserver {
  batch(version: string, report: BatchReport): void;
  /** A version has taken a role, or has left it (`undefined`). */
  changed(role: Role, version: string | undefined): void;
  /** A version could not be loaded; the one before is still served. */
  refused(version: string, error: ToolkitError): void;
}

export type Role = 'production' | 'candidate';

/** What a loaded version is. */
export interface DescribedVersion {
  readonly version: string;
  readonly description: CheckpointDescription;
  readonly rule: DecisionRule;
}

/** A loaded version; whoever has it may use it until `release` is called. */
export interface Lease extends DescribedVersion {
  classify(pixels: Uint8Array, count: number, deadline: number): Promise<Float32Array>;
  release(): void;
}

class LoadedVersion {
  readonly version: string;
  readonly predictor: DecidingPredictor;
  readonly batcher: Batcher;
  #users = 0;
  #isRetired = false;

  constructor(version: string, predictor: DecidingPredictor, batcher: Batcher) {
    this.version = version;
    this.predictor = predictor;
    this.batcher = batcher;
  }

  lease(): Lease {
    this.#users++;
    let isHeld = true;
    return {
      version: this.version,
      description: this.predictor.description,
      rule: this.predictor.rule,
      classify: (pixels, count, deadline) => this.batcher.classify(pixels, count, deadline),
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#users--;
        this.#closeIfUnused();
      },
    };
  }

  /** Takes it out of service: requests that have it are answered first. */
  retire(): void {
    this.#isRetired = true;
    this.#closeIfUnused();
  }

  #closeIfUnused(): void {
    if (this.#isRetired && this.#users === 0) this.predictor.close();
  }
}

/**
 * The loaded versions of a model. A new version is loaded beside the old one and takes its place only when it is ready, in one
 * turn; requests that the old one has begun, it ends.
 */
export class ModelVersions {
  readonly #source: ModelSource;
  readonly #options: VersionsOptions;
  readonly #load: LoadModel;
  readonly #observer: VersionObserver;
  readonly #loaded = new Map<Role, LoadedVersion>();
  /** Refused versions are not tried again. */
  readonly #refused = new Map<Role, string>();
  #traffic: Traffic;
  #canaryDebt = 0;
  #refreshing: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #isAgain = false;
  #isClosed = false;

  constructor(source: ModelSource, options: VersionsOptions, load: LoadModel, observer: VersionObserver) {
    this.#source = source;
    this.#options = options;
    this.#load = load;
    this.#observer = observer;
    this.#traffic = options.traffic;
  }

  get name(): string {
    return this.#source.name;
  }

  get traffic(): Traffic {
    return this.#traffic;
  }

  set traffic(traffic: Traffic) {
    this.#traffic = { ...traffic };
    this.#canaryDebt = 0;
  }

  /** Which version has which role. */
  get roles(): ReadonlyMap<Role, string> {
    return new Map([...this.#loaded].map(([role, { version }]) => [role, version]));
  }

  /** Images that wait, in all versions. */
  get queued(): number {
    return [...this.#loaded.values()].reduce((sum, { batcher }) => sum + batcher.queued, 0);
  }

  /** Loads the versions to serve. Throws what the source throws; nothing is served then. */
  async start(): Promise<void> {
    const { production, candidate } = await this.#source.wanted();
    await this.#replace('production', production);
    if (candidate !== undefined) await this.#tryReplace('candidate', candidate, false);
  }

  /**
   * Brings the loaded versions in line with the source; where a version cannot be loaded, the one before stays.
   *
   * @param again whether versions that were refused before are tried once more
   */
  refresh(again = false): Promise<void> {
    this.#isAgain ||= again;
    // A refresh that is under way may have read the source too early for this caller: one more follows, for all callers until then.
    if (this.#refreshing) return (this.#following ??= this.#refreshing.then(() => this.#follow()));
    return (this.#refreshing = this.#refreshNow().finally(() => {
      this.#refreshing = undefined;
    }));
  }

  /** A version for a request: the one that it names, else production or, for its share, the candidate. Throws NOT_READY or NOT_FOUND. */
  acquire(version?: string): Lease {
    const loaded = this.#find(version);
    const candidate = version === undefined ? this.#loaded.get('candidate') : undefined;
    return (candidate && this.#isCanaryTurn() ? candidate : loaded).lease();
  }

  /** What a version is: the one that is named, else production. It takes no turn of the candidate's. Throws NOT_READY or NOT_FOUND. */
  describe(version?: string): DescribedVersion {
    const { version: found, predictor } = this.#find(version);
    return { version: found, description: predictor.description, rule: predictor.rule };
  }

  #find(version: string | undefined): LoadedVersion {
    const production = this.#loaded.get('production');
    if (!production) throw new HttpError('NOT_READY');
    if (version === undefined) return production;
    const named = [...this.#loaded.values()].find((loaded) => loaded.version === version);
    if (!named) throw new HttpError('NOT_FOUND', `version ${JSON.stringify(version)} is not loaded`);
    return named;
  }

  /** The candidate, where it is to compute what another version answered; undefined where it is not or is busy. */
  acquireShadow(answeredBy: string): Lease | undefined {
    const candidate = this.#loaded.get('candidate');
    if (!this.#traffic.shadow || !candidate || candidate.version === answeredBy) return undefined;
    // Comparison must not take from those who wait for an answer.
    return candidate.batcher.queued > this.#options.maxQueue / 2 ? undefined : candidate.lease();
  }

  /** Reads the checkpoint of a version again, of an ensemble that of the first member. Throws what the source throws. */
  readonly checkpointOf = keepKeys((version: string): Promise<Checkpoint> => this.#source.load(version));

  /** Whether each version is several checkpoints together. */
  get isEnsemble(): boolean {
    return this.#source.others !== undefined;
  }

  /** Frees everything once pending requests are answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#refreshing;
    await Promise.all([...this.#loaded.values()].map(({ batcher }) => batcher.drained()));
    for (const loaded of new Set(this.#loaded.values())) loaded.retire();
    this.#loaded.clear();
  }

  /** Spreads the candidate's share evenly: with 10 %, it gets every tenth request. */
  #isCanaryTurn(): boolean {
    this.#canaryDebt += this.#traffic.canary;
    if (this.#canaryDebt < 100) return false;
    this.#canaryDebt -= 100;
    return true;
  }

  #follow(): Promise<void> {
    this.#following = undefined;
    return this.refresh();
  }

  async #refreshNow(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#isAgain) this.#refused.clear();
    this.#isAgain = false;
    let wanted;
    try {
      wanted = await this.#source.wanted();
    } catch (error) {
      if (this.#refused.get('production') !== UNKNOWN) this.#refuse('production', UNKNOWN, error);
      return;
    }
    await this.#tryReplace('production', wanted.production, true);
    await this.#tryReplace('candidate', wanted.candidate, true);
  }

  async #tryReplace(role: Role, version: string | undefined, isKnown: boolean): Promise<void> {
    if (this.#refused.get(role) === version && version !== undefined) return;
    try {
      if (version === undefined) this.#assign(role, undefined);
      else if (!isKnown || this.#loaded.get(role)?.version !== version) await this.#replace(role, version);
      this.#refused.delete(role);
    } catch (error) {
      this.#refuse(role, version ?? UNKNOWN, error);
    }
  }

  #refuse(role: Role, version: string, error: unknown): void {
    this.#refused.set(role, version);
    this.#observer.refused(version, asToolkitError(error));
  }

  async #replace(role: Role, version: string): Promise<void> {
    await this.#source.admit?.(version, role);
    const known = [...this.#loaded.values()].find((loaded) => loaded.version === version);
    this.#assign(role, known ?? (await this.#loadVersion(version)));
  }

  /** A request may ask for it, and has no keys. */
  readonly #loadVersion = keepKeys(async (version: string): Promise<LoadedVersion> => {
    const first = await this.#source.load(version);
    const others = await this.#source.others?.(version);
    const predictor = others ? await this.#ensemble([first, ...others]) : await this.#predictor(first);
    const batcher = new Batcher(predictor, this.#options, (report) => {
      this.#observer.batch(version, report);
    });
    return new LoadedVersion(version, predictor, batcher);
  });

  #predictor(checkpoint: Checkpoint): Promise<DecidingPredictor> {
    const { maxBatch, mode } = this.#options;
    // A lone image has nobody to wait for; under load, the event loop has more to do than to compute.
    return createPredictor(checkpoint, maxBatch, this.#load, { mode, mostAtOnce: maxBatch > 1 ? 1 : 0 });
  }

  async #ensemble(members: readonly [Checkpoint, ...Checkpoint[]]): Promise<DecidingPredictor> {
    const description = describeEnsemble(members);
    const predictors: DecidingPredictor[] = [];
    try {
      for (const member of members) predictors.push(await this.#predictor(member));
      return ensemblePredictor(description, predictors);
    } catch (error) {
      for (const predictor of predictors) predictor.close();
      throw error;
    }
  }

  #assign(role: Role, next: LoadedVersion | undefined): void {
    const before = this.#loaded.get(role);
    if (before === next) return;
    if (next) this.#loaded.set(role, next);
    else this.#loaded.delete(role);
    if (before && ![...this.#loaded.values()].includes(before)) before.retire();
    this.#observer.changed(role, next?.version);
  }
}

/** Stands for the version where the source cannot say which is wanted. */
const UNKNOWN = 'unknown';
