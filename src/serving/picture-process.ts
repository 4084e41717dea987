import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { packageFolder } from '../core/package-folder.js';
import type { PreparedPicture } from '../data/imaging/prepare.js';
import { HttpError } from './http-errors.js';
import type { PictureReply, PictureTask } from './picture-child.js';

/** The compiled child, for Node.js 20 loads no TypeScript. */
const CHILD = fileURLToPath(new URL('dist/serving/picture-child.js', packageFolder));

type Outcome = PictureReply | { kind: 'ended' };

/** A process that decodes one picture at a time, and is killed where that takes too long. */
export class PictureProcess {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #isOver = false;
  #listener: ((reply: Outcome) => void) | undefined;

  constructor() {
    this.#child = fork(CHILD, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    });
    const ended = (): void => {
      this.#isOver = true;
      this.#listener?.({ kind: 'ended' });
    };
    this.#child.once('exit', ended).on('error', ended);
    this.#child.on('message', (reply: PictureReply) => {
      // It is about to end, and must not be given another picture.
      if (reply.kind === 'memory') this.kill();
      this.#listener?.(reply);
    });
    this.#ready = this.#next((reply, resolve, reject) => {
      if (reply.kind === 'ready') resolve();
      else reject(new Error('the process that decodes pictures did not start'));
    });
    // Whoever prepares a picture is told; until then, nobody is.
    this.#ready.catch(() => undefined);
  }

  /** Whether it can take another picture. */
  get isAlive(): boolean {
    return !this.#isOver;
  }

  /** Decodes and prepares a picture. Throws UNPROCESSABLE where it cannot be decoded, or not within the limits. */
  async prepare(task: PictureTask, limitMs: number): Promise<PreparedPicture> {
    await this.#ready;
    if (this.#isOver) throw new Error('the process that decodes pictures has ended');
    const outcome = this.#next<PreparedPicture>((reply, resolve, reject) => {
      if (reply.kind === 'prepared') resolve(reply.picture);
      else reject(errorOf(reply));
    });
    const timer = setTimeout(() => {
      this.#listener?.({
        kind: 'refused',
        reason: `the image takes longer than ${limitMs / 1000} s to decode`,
      });
      this.kill();
    }, limitMs);
    try {
      this.#child.send(task);
      return await outcome;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it at once, also within a decoder. */
  kill(): void {
    this.#isOver = true;
    this.#child.kill('SIGKILL');
  }

  #next<Result>(
    take: (reply: Outcome, resolve: (result: Result) => void, reject: (error: Error) => void) => void,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#listener = (reply) => {
        this.#listener = undefined;
        take(reply, resolve, reject);
      };
    });
  }
}

/** The error for a picture that did not come out of the process. */
function errorOf(reply: Exclude<Outcome, { kind: 'prepared' }>): Error {
  switch (reply.kind) {
    case 'refused':
      return new HttpError('UNPROCESSABLE', reply.reason);
    case 'memory':
      return new HttpError('UNPROCESSABLE', 'the image takes too much memory to decode');
    case 'ended':
      return new HttpError('UNPROCESSABLE', 'the image cannot be decoded: the decoder ended over it');
    default:
      return new Error(reply.kind === 'failed' ? reply.reason : 'the decoder began anew within a picture');
  }
}
