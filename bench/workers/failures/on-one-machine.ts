import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { folders } from '../../folders.js';
import { childrenOf, runs } from '../processes.js';
import type { Attempt } from './cause.js';
import { phaseOf, saidIn, type Scene, type SceneRun } from './scene.js';

/** More than a run of this program needs. */
const RESTARTS = 1000;

/** The workers of `mnist train --workers`, which starts them again by itself. */
export class OnOneMachine implements Scene {
  readonly kinds = ['kill', 'stop'] as const;
  readonly #count: number;
  #launcher: ChildProcess | undefined;
  #end: Promise<number | string> | undefined;
  #isOver = true;
  #output = '';
  #run = '';
  /** Those of earlier attempts. */
  readonly #seen = new Set<number>();

  constructor(count: number) {
    this.#count = count;
  }

  attempt(run: SceneRun): Promise<Attempt> {
    if (this.#run !== run.name) this.#start(run);
    for (const pid of this.#children()) this.#seen.add(pid);
    const from = this.#output.length;
    let mine: number[] = [];
    return Promise.resolve({
      workers: () => {
        if (mine.length < this.#count) mine = this.#children().filter((pid) => !this.#seen.has(pid));
        return Array.from({ length: this.#count }, (_, rank) => mine[rank]);
      },
      isOver: () => this.#isOver,
      hasNoticed: () => this.#isOver || this.#output.slice(from).includes('WORKER_LOST'),
      phase: () => phaseOf(this.#output.slice(from)),
      said: () => saidIn(this.#output.slice(from)),
      connect() {
        throw new Error('the workers of one machine have no cables');
      },
    });
  }

  async end(): Promise<{ code: number | string; output: string }> {
    if (!this.#end) throw new Error('nothing was started');
    return { code: await this.#end, output: this.#output };
  }

  /** The running workers. */
  #children(): number[] {
    const { pid } = this.#launcher ?? {};
    return pid === undefined ? [] : childrenOf(pid, 'worker-process').filter((each) => runs(each));
  }

  #start({ name, words }: SceneRun): void {
    this.#run = name;
    this.#output = '';
    this.#isOver = false;
    const options = ['--run', name, '--workers', String(this.#count), '--restarts', String(RESTARTS)];
    const program = [join(folders.checkout, 'bin/mnist.js'), 'train', ...words, ...options, '--json'];
    const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.#launcher = child;
    this.#end = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.#isOver = true;
        resolve(code ?? signal ?? 'unknown');
      });
    });
  }
}
