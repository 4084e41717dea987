import { join } from 'node:path';

import {
  readSearch,
  SearchFolder,
  writeSearch,
  type SearchState,
  type Trial,
  type TrialState,
} from '../../artifacts/search.js';
import { ToolkitError } from '../../core/errors.js';
import type { ActiveBackend } from '../../engine/backends/backend.js';
import { silentContext, type Metrics, type StageContext } from '../../core/events.js';
import { exists, withFolder, removeTemporaryFiles, writeFileAtomically } from '../../core/files.js';
import { withLock } from '../../core/lock.js';
import { version } from '../../core/version.js';
import { planBrackets, type Bracket } from '../../training/search/brackets.js';
import { bestOf, ranked } from '../../training/search/ranking.js';
import type { MetricName, SearchSettings } from '../../training/search/settings.js';
import { drawSettings, isLogRange, isVaried } from '../../training/search/space.js';
import { activeSettings } from '../../training/search/trial-settings.js';
import { withHint } from '../../core/interruption.js';
import { resolveInitial } from '../import/initial-weights.js';
import { automaticFolder } from '../train/name-run.js';
import { reproducibleConfiguration, TrialRunner, type TrialTrainer } from './run-trial.js';
import { requireSupportedSearch } from './supported.js';
import { TrialPool } from './trial-pool.js';
import { fixedOptions, searchFolder, searchSettings, type SearchResolution } from './search-options.js';
import { resumeCommand, trainSpace, trustedSettings } from '../train/train-options.js';
import { openSession } from '../train/training-session.js';
import { givenOptions } from '../train/workers/launch-workers.js';

/** How a trial ended. */
export interface TrialResult extends Omit<Trial, 'history'> {
  run: string;
  epochs: number;
  /** Its best epoch on the validation split. */
  best: (Metrics & { epoch: number }) | null;
}

/** What a search ends with. */
export interface SearchResult {
  search: string;
  folder: string;
  dataset: string;
  strategy: SearchSettings['strategy'];
  metric: MetricName;
  backend: string;
  device: string;
  /** The best first; those without a result last. */
  trials: TrialResult[];
  /** The number of the best trial; null where none has a result. */
  best: number | null;
  /** The best trial as a configuration for `train`. */
  config: string | null;
  plot: string | null;
  /** Of this call; a search that was continued took longer. */
  seconds: number;
}

/**
 * Tries configurations of a space and says which does best on the validation split; the test images are never looked at. Each
 * trial is a run of its own in the search's folder; one that is to go on after a rung does so from its checkpoint.
 *
 * Throws RUN_EXISTS, FOLDER_BUSY, SEARCH_UNUSABLE, storage errors, and what the earlier stages and `startBackend` throw. Aborted,
 * it saves the trial that is in training first, and throws the signal's reason with a hint how to go on. A trial that fails is
 * recorded, and keeps none of the others from being tried.
 */
export async function search(
  resolution: SearchResolution,
  context: StageContext = silentContext(),
): Promise<SearchResult> {
  const started = performance.now();
  const folder = await folderOf(resolution);
  const searchAlone = async (): Promise<Omit<SearchResult, 'seconds'>> => {
    await removeTemporaryFiles(folder.path);
    return new Search(folder, resolution, context).run().catch((error: unknown) => {
      throw withHint(error, `continue with "${resumeCommand('search', folder.name, resolution.values)}"`);
    });
  };
  const result = await withFolder(folder.path, () => withLock(folder.lock, { waitMs: 0 }, searchAlone));
  return { ...result, seconds: (performance.now() - started) / 1000 };
}

async function folderOf({ values }: SearchResolution): Promise<SearchFolder> {
  const { run, resume, checkpointsDir, dataset } = values;
  if (resume !== undefined) return searchFolder(resume, checkpointsDir);
  if (run === undefined) return new SearchFolder(await automaticFolder(checkpointsDir, `search-${dataset}`));
  const folder = new SearchFolder(join(checkpointsDir, run));
  for (const taken of [folder.state, join(folder.path, 'last.safetensors')]) {
    if (await exists(taken)) throw new ToolkitError('RUN_EXISTS', { run, folder: folder.path });
  }
  return folder;
}

class Search {
  readonly #folder: SearchFolder;
  readonly #resolution: SearchResolution;
  readonly #settings: SearchSettings;
  readonly #context: StageContext;
  readonly #brackets: readonly Bracket[];
  #state: SearchState;
  #saved: Promise<void> = Promise.resolve();

  constructor(folder: SearchFolder, resolution: SearchResolution, context: StageContext) {
    this.#folder = folder;
    this.#resolution = resolution;
    this.#settings = searchSettings(resolution.values);
    this.#context = context;
    this.#brackets = planBrackets(this.#settings);
    this.#state = this.#newState();
  }

  async run(): Promise<Omit<SearchResult, 'seconds'>> {
    const { values } = this.#resolution;
    if (values.resume === undefined) await this.#save();
    else this.#state = await this.#stored();
    const session = await openSession(values, this.#context);
    await this.#requireSameData(session.data.fingerprint);
    const runner = new TrialRunner(
      this.#folder,
      await this.#fixed(),
      values.dataDir,
      this.#settings.maxEpochs,
      session,
      this.#context,
    );
    if (values.workers === 1) await this.#runBrackets(runner);
    else await this.#runInPool(session.backend);
    const { name: backend, device } = session.backend;
    return this.#finish(runner, { backend, device });
  }

  /** The search as it was left; its file may be a stranger's. */
  async #stored(): Promise<SearchState> {
    const state = await readSearch(this.#folder);
    const trials = state.trials.map((trial) => ({ ...trial, settings: trustedSettings(trial.settings) }));
    return { ...state, fixed: trustedSettings(state.fixed), trials };
  }

  #newState(): SearchState {
    const { space, seed } = this.#settings;
    const fixed = fixedOptions(this.#resolution);
    const brackets = this.#brackets.flatMap(([first], index) =>
      new Array<number>(first!.trials).fill(index + 1),
    );
    const trials = brackets.map((bracket, index): Trial => {
      const drawn = activeSettings(trainSpace.choices, drawSettings(space, seed, index + 1), fixed);
      const nothing = { history: [], seconds: 0, reason: null };
      return { trial: index + 1, bracket, state: 'waiting', ...drawn, ...nothing };
    });
    return {
      format: 'mnist-train/search',
      version: 1,
      toolkit: version,
      search: this.#folder.name,
      createdAt: new Date().toISOString(),
      settings: this.#resolution.values.search ?? {},
      fixed,
      fingerprint: null,
      trials,
    };
  }

  /** A checkpoint to start from is named as seen from the folder of runs, and not from the search's own. */
  async #fixed(): Promise<Record<string, unknown>> {
    const { initFrom, checkpointsDir } = this.#resolution.values;
    const { fixed } = this.#state;
    return initFrom === undefined
      ? fixed
      : { ...fixed, initFrom: (await resolveInitial(initFrom, checkpointsDir)).path };
  }

  async #requireSameData(fingerprint: string): Promise<void> {
    const { fingerprint: known } = this.#state;
    if (known !== null && known !== fingerprint) {
      const reason = 'its data set has changed, and old and new trials could not be compared';
      throw new ToolkitError('SEARCH_UNUSABLE', { path: this.#folder.state, reason });
    }
    this.#state.fingerprint = fingerprint;
    await this.#save();
  }

  /** As one process does, but with several trials at a time. */
  async #runInPool(backend: ActiveBackend): Promise<void> {
    const { workers } = this.#resolution.values;
    requireSupportedSearch(backend);
    const options = { ...givenOptions(this.#resolution), resume: undefined };
    const task = { options, folder: this.#folder.path, fixed: await this.#fixed(), workers };
    const pool = new TrialPool(task, this.#context);
    try {
      await this.#runBrackets(pool);
    } finally {
      await pool.close();
    }
  }

  async #runBrackets(trainer: TrialTrainer): Promise<void> {
    await this.#each(this.#brackets, async (bracket) => {
      const number = this.#brackets.indexOf(bracket) + 1;
      const trials = this.#state.trials.filter((trial) => trial.bracket === number);
      await this.#runBracket(bracket, trials, trainer);
    });
  }

  /** Does something with each: one after the other, or, with several workers, with all at a time. Throws when all have ended. */
  async #each<Item>(items: readonly Item[], action: (item: Item) => Promise<void>): Promise<void> {
    if (this.#resolution.values.workers === 1) {
      for (const item of items) await action(item);
      return;
    }
    const ends = await Promise.allSettled(items.map(action));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** From rung to rung; what was done before an interruption is passed over, as its results are known. */
  async #runBracket(bracket: Bracket, trials: readonly Trial[], trainer: TrialTrainer): Promise<void> {
    const { metric, maxEpochs } = this.#settings;
    let alive: readonly Trial[] = trials;
    for (const [index, { trials: limit, epochs }] of bracket.entries()) {
      const before = bracket[index - 1]?.epochs;
      if (before !== undefined) {
        const best = ranked(alive, metric, before).slice(0, limit);
        const given = alive.filter((trial) => !best.includes(trial) && trial.state === 'paused');
        for (const trial of given) await this.#change(trial, 'stopped');
        alive = alive.filter((trial) => best.includes(trial));
        this.#notice(best.length, before, epochs);
      }
      await this.#each(alive, (trial) => this.#advance(trial, epochs, epochs === maxEpochs, trainer));
      alive = alive.filter(({ state }) => state === 'paused' || state === 'completed');
    }
  }

  async #advance(trial: Trial, epochs: number, isEnd: boolean, trainer: TrialTrainer): Promise<void> {
    const isReady = trial.state === 'waiting' || trial.state === 'running' || trial.state === 'paused';
    if (!isReady || (trial.state === 'paused' && trial.history.length >= epochs)) return;
    await this.#change(trial, 'running');
    const before = trial.seconds;
    const started = performance.now();
    const ended = await trainer.train(trial, epochs);
    trial.seconds = before + (performance.now() - started) / 1000;
    trial.history = ended.history;
    trial.reason = ended.reason;
    const isStagnant = ended.state === 'trained' && ended.history.length < epochs;
    const reached = isEnd || isStagnant ? 'completed' : 'paused';
    await this.#change(trial, ended.state === 'trained' ? reached : ended.state);
  }

  async #change(trial: Trial, state: TrialState): Promise<void> {
    trial.state = state;
    await this.#save();
    const { settings, history, reason } = trial;
    const best = bestOf(trial, this.#settings.metric);
    this.#context.emit({
      event: 'trial',
      search: this.#folder.name,
      trial: trial.trial,
      trials: this.#state.trials.length,
      state,
      settings,
      epochs: history.length,
      best: best ? { loss: best.loss, accuracy: best.accuracy } : null,
      reason,
    });
  }

  #notice(survivors: number, before: number, epochs: number): void {
    const trials = survivors === 1 ? 'the best trial goes' : `the best ${survivors} trials go`;
    const message = `after ${before} ${before === 1 ? 'epoch' : 'epochs'}, ${trials} on to ${epochs}`;
    this.#context.emit({ event: 'notice', message });
  }

  /** One after another: several trials may change at a time. */
  async #save(): Promise<void> {
    this.#saved = this.#saved.then(() => writeSearch(this.#folder, this.#state));
    await this.#saved;
  }

  async #finish(
    runner: TrialRunner,
    machine: Pick<SearchResult, 'backend' | 'device'>,
  ): Promise<Omit<SearchResult, 'seconds'>> {
    const { strategy, metric } = this.#settings;
    const { trials } = this.#state;
    const order = ranked(trials, metric);
    const [best] = order;
    let plot: string | null = null;
    if (best) {
      plot = await this.#plot(order);
      const config = reproducibleConfiguration(runner.resolve(best));
      await writeFileAtomically(this.#folder.best, `${JSON.stringify(config, undefined, 2)}\n`);
    }
    return {
      search: this.#folder.name,
      folder: this.#folder.path,
      dataset: this.#resolution.values.dataset,
      strategy,
      metric,
      ...machine,
      trials: [...order, ...trials.filter((trial) => !order.includes(trial))].map((trial) =>
        this.#result(trial),
      ),
      best: best?.trial ?? null,
      config: best ? this.#folder.best : null,
      plot,
    };
  }

  async #plot(order: readonly Trial[]): Promise<string> {
    // The codec of images is loaded only where it is used.
    const [{ searchPlot }, { encodeFigure }] = await Promise.all([
      import('../../reports/charts/search-plot.js'),
      import('../../reports/charts/figure.js'),
    ]);
    const { metric, strategy, space } = this.#settings;
    const path = this.#resolution.values.plot ?? this.#folder.plot;
    const markup = searchPlot({
      title: `${this.#folder.name}: ${order.length} trials, ${strategy}`,
      metric: `validation ${metric}`,
      keys: Object.keys(space).filter((key) => isVaried(space[key]!)),
      logarithmic: new Set(Object.keys(space).filter((key) => isLogRange(space[key]!))),
      trials: order.map(({ trial, history, settings }, rank) => ({
        trial,
        settings,
        isBest: rank === 0,
        curve: history.map((metrics) => metrics[metric]),
        value: bestOf({ history }, metric)![metric],
      })),
    });
    await writeFileAtomically(path, await encodeFigure(path, markup));
    return path;
  }

  #result({ history, ...trial }: Trial): TrialResult {
    const best = bestOf({ history }, this.#settings.metric) ?? null;
    return {
      ...trial,
      run: `${this.#folder.name}/${this.#folder.run(trial.trial).name}`,
      epochs: history.length,
      best,
    };
  }
}
