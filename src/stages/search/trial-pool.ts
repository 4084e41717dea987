import { fileURLToPath } from 'node:url';

import type { Trial } from '../../artifacts/search.js';
import { errorFromRecord, isToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { packageFolder } from '../../core/package-folder.js';
import { watchForStopped } from '../../engine/mpi/stopped.js';
import { Child, STOPPED, withoutOtherLaunchers } from '../train/workers/child.js';
import type { TrialOutcome, TrialTrainer } from './run-trial.js';
import type { FromTrialWorker, ToTrialWorker, TrialTask } from './trial-messages.js';

/** The compiled program of a worker. */
const WORKER = fileURLToPath(new URL('dist/stages/search/trial-process.js', packageFolder));
/** How often a trial is begun: one that takes its worker with it each time has failed. */
const MOST_ATTEMPTS = 3;

/**
 * Trains trials in several processes, each of them one trial at a time. A trial whose process is lost, or is
 * stopped, is done again, from its last checkpoint.
 */
export class TrialPool implements TrialTrainer {
  readonly #context: StageContext;
  readonly #workers: readonly TrialWorker[];
  readonly #idle: TrialWorker[];
  readonly #waiting: ((worker: TrialWorker) => void)[] = [];
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;

  constructor(task: TrialTask, context: StageContext) {
    this.#context = context;
    this.#signal = AbortSignal.any([context.signal, this.#failure.signal]);
    this.#workers = Array.from({ length: task.workers }, (_, index) => new TrialWorker(task, index, context));
    this.#idle = [...this.#workers].reverse();
    this.#signal.addEventListener('abort', () => {
      for (const worker of this.#workers) worker.stop(this.#signal);
    });
  }

  /** As `TrialRunner.train`. Waits for a worker; what is thrown stops all others too. */
  async train(trial: Trial, epochs: number): Promise<TrialOutcome> {
    const worker = this.#idle.pop() ?? (await new Promise<TrialWorker>((take) => this.#waiting.push(take)));
    try {
      return await this.#trainOn(worker, trial, epochs);
    } catch (error) {
      this.#failure.abort(error);
      throw this.#signal.reason;
    } finally {
      const next = this.#waiting.shift();
      if (next) next(worker);
      else this.#idle.push(worker);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }

  async #trainOn(worker: TrialWorker, trial: Trial, epochs: number): Promise<TrialOutcome> {
    for (let attempt = 1; ; attempt++) {
      this.#signal.throwIfAborted();
      try {
        return await worker.train(trial, epochs);
      } catch (error) {
        const isLost = isToolkitError(error) && error.code === 'WORKER_LOST';
        if (!isLost || this.#signal.aborted) throw error;
        if (attempt === MOST_ATTEMPTS) {
          const reason = `its worker was lost ${MOST_ATTEMPTS} times; ${error.message}`;
          return { state: 'failed', history: trial.history, reason };
        }
        const hint = `trial ${trial.trial} is done again, from its last checkpoint`;
        this.#context.emit({ event: 'warning', code: error.code, message: error.message, hint });
      }
    }
  }
}

/** A worker, whose process is started when there is something to do, and again where it was lost. */
class TrialWorker {
  readonly #task: TrialTask;
  readonly #name: string;
  readonly #context: StageContext;
  #child: Child<ToTrialWorker> | undefined;

  constructor(task: TrialTask, index: number, context: StageContext) {
    this.#task = task;
    this.#name = `worker ${index}`;
    this.#context = context;
  }

  /** Throws WORKER_LOST where the process ends or is stopped, and what it throws itself. */
  async train(trial: Trial, epochs: number): Promise<TrialOutcome> {
    const child = (this.#child ??= this.#start());
    const answer = new Promise<TrialOutcome>((resolve, reject) => {
      const listen = (message: FromTrialWorker): void => {
        if (message.kind === 'event') {
          this.#context.emit(message.event);
          return;
        }
        child.process.off('message', listen);
        if (message.kind === 'outcome') resolve(message.outcome);
        else reject(errorFromRecord(message.error));
      };
      child.process.on('message', listen);
      void child.end.then((end) => {
        if (this.#child === child) this.#child = undefined;
        reject(child.lost(end));
      });
    });
    child.tell({ kind: 'trial', trial, epochs });
    return answer;
  }

  stop(signal: AbortSignal): void {
    this.#child?.stop(signal);
  }

  async end(): Promise<void> {
    this.#child?.tell({ kind: 'end' });
    await this.#child?.end;
  }

  #start(): Child<ToTrialWorker> {
    const child = new Child<ToTrialWorker>(WORKER, this.#name, withoutOtherLaunchers(process.env));
    const endWatch = watchForStopped([child.process], () => {
      child.giveUp(STOPPED);
    });
    void child.end.then(endWatch);
    child.tell({ kind: 'start', task: this.#task });
    return child;
  }
}
