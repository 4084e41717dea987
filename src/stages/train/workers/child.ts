import { spawn, type ChildProcess } from 'node:child_process';

import { ToolkitError } from '../../../core/errors.js';
import { isInterruption } from '../../../core/interruption.js';
import type { StopMessage } from './messages.js';

/** How much of what a worker writes to stderr is kept. */
const MOST_CHARACTERS = 4000;
/** How long workers may take to stop when they are asked to. */
const STOP_MS = 60_000;

/** Why one is given up that `watchForStopped` finds. */
export const STOPPED = 'its process was stopped by SIGSTOP';

/** A worker process, as its launcher sees it. */
export class Child<Message extends object> {
  readonly process: ChildProcess;
  /** Its exit code, or how else it ended. */
  readonly end: Promise<number | string>;
  readonly #name: string;
  #output = '';
  #reason: string | undefined;

  /**
   * @param program the compiled file that it runs
   * @param name for messages, such as `worker 0`
   * @param pipes how many pipes it has beside its standard streams
   */
  constructor(program: string, name: string, environment: NodeJS.ProcessEnv, pipes = 0) {
    this.#name = name;
    this.process = spawn(process.execPath, [program], {
      // Ctrl-C in the terminal reaches the launcher alone, which tells its workers.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', ...new Array<'pipe'>(pipes).fill('pipe'), 'ipc'],
      serialization: 'advanced',
      env: environment,
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-MOST_CHARACTERS);
    });
    this.end = new Promise((resolve) => {
      this.process.once('error', (error) => {
        resolve(error.message);
      });
      this.process.once('exit', (code, signal) => {
        const end = code ?? signal ?? 'an unknown reason';
        // What it said before may still be on its way.
        if (!this.process.connected) resolve(end);
        else
          this.process.once('disconnect', () => {
            resolve(end);
          });
      });
    });
  }

  tell(message: Message | StopMessage): void {
    // One that is gone is noticed by its end.
    if (this.process.connected) this.process.send(message, () => undefined);
  }

  /** Asks it to stop for the reason of a signal; it is ended where that takes too long. */
  stop({ reason }: { reason: unknown }): void {
    this.tell({ kind: 'stop', code: isInterruption(reason) ? reason.code : 'INTERRUPTED' });
    setTimeout(() => {
      this.kill();
    }, STOP_MS).unref();
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  /** Ends it for a reason that `lost` tells. */
  giveUp(reason: string): void {
    this.#reason = reason;
    this.kill();
  }

  /** That it is gone, and what it said last. */
  lost(end: number | string): ToolkitError {
    const last = this.#output.trim().split('\n').at(-1);
    const said = last === undefined || last === '' ? '' : `; it last said: ${last}`;
    const ended =
      typeof end === 'number' ? `its process ended with code ${end}` : `its process was ended by ${end}`;
    const how = this.#reason ?? ended;
    const worker = `${this.#name} (process ${this.process.pid ?? 'not started'})`;
    return new ToolkitError('WORKER_LOST', { worker, reason: `${how}${said}` });
  }
}

/** The variables of this process without those of a launcher that it was itself started by. */
export function withoutOtherLaunchers(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(PMI|PMIX|PALS|OMPI|HYDRA|MPI)_/.test(name)),
  );
}
