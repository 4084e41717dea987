import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Network } from '../network.js';
import { signalTo, timeUntil } from '../processes.js';
import { mnist, startJob, type Job } from '../ranks.js';
import type { Attempt } from './cause.js';
import { phaseOf, saidIn, type Scene, type SceneRun } from './scene.js';

/** How long mpiexec may take to end after its ranks, before it is ended. */
const LAUNCHER_MS = 10_000;

/** Ranks of mpiexec, one on each host of a network. Whoever started them starts them again, as a scheduler of a cluster would. */
export class OnHosts implements Scene {
  readonly kinds = ['kill', 'stop', 'cut'] as const;
  readonly #network: Network;
  readonly #mpiexec: string;
  readonly #ranks: number;
  #job: Job | undefined;
  #isOver = true;
  /** How often mpiexec did not end after all its ranks had. */
  launchersEnded = 0;

  constructor(network: Network, mpiexec: string, ranks: number) {
    this.#network = network;
    this.#mpiexec = mpiexec;
    this.#ranks = ranks;
  }

  async attempt(run: SceneRun): Promise<Attempt> {
    await this.#clear();
    const last = join(run.folder, run.name, 'last.safetensors');
    const place = existsSync(last) ? ['--resume', run.name] : ['--run', run.name];
    const words = [...mnist, 'train', ...run.words, ...place, '--json'];
    const job = startJob(this.#network, this.#mpiexec, this.#ranks, words);
    this.#job = job;
    this.#isOver = false;
    void job.end.then(() => (this.#isOver = true));
    return {
      workers: () => job.ranks(),
      isOver: () => this.#isOver,
      hasNoticed: () => this.#isOver || job.output().includes('WORKER_LOST'),
      phase: () => phaseOf(job.output()),
      said: () => saidIn(job.output()),
      connect: (rank, isConnected) => {
        this.#network.connect(rank + 1, isConnected);
      },
    };
  }

  async end(): Promise<{ code: number | string; output: string }> {
    if (!this.#job) throw new Error('nothing was started');
    return { code: await this.#job.end, output: this.#job.output() };
  }

  /** Ends what is left of the job before. */
  async #clear(): Promise<void> {
    if (!this.#job) return;
    if ((await timeUntil(() => this.#isOver, LAUNCHER_MS)) === undefined) this.launchersEnded++;
    if (!this.#isOver && this.#job.process.pid !== undefined) signalTo(this.#job.process.pid, 'SIGKILL');
    for (let host = 1; host <= this.#ranks; host++)
      for (const pid of this.#network.processesOn(host)) signalTo(pid, 'SIGKILL');
    await this.#job.end;
  }
}
