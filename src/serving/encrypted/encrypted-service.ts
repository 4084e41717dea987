import type { EncryptedModel } from '../../deployment/encrypted/description.js';
import {
  EncryptedFileError,
  headerOf,
  requireKind,
  type FileKind,
} from '../../deployment/encrypted/encrypted-file.js';
import { FairShares } from '../fair-share.js';
import { HttpError } from '../http-errors.js';
import { Turns } from '../turns.js';
import { KeyPlaces } from './key-places.js';
import { EncryptedWorker } from './worker-thread.js';
import type { WorkerFolders, WorkerTask } from './worker.js';

/** What a server of encrypted images is built from. */
export interface EncryptedServiceOptions {
  model: EncryptedModel;
  folders: WorkerFolders;
  /** How many clients' keys are held at a time. */
  maxKeys: number;
}

/** Tasks that may wait. */
const MAX_WAITING = 32;
/** How long a task may wait for its turn, and how long it may then take. */
const WAIT_MS = 60_000;
const TASK_MS = 60_000;

/**
 * Classifies encrypted images with the evaluation keys of their owners. It has no secret key and accepts none, so neither images nor
 * answers can be read here. Keys are held in memory alone.
 */
export class EncryptedService {
  readonly model: EncryptedModel;
  readonly #folders: WorkerFolders;
  readonly #places: KeyPlaces;
  #worker: EncryptedWorker;
  readonly #turns = new Turns(1);
  readonly #waiting = new FairShares(MAX_WAITING);
  #isClosed = false;

  private constructor({ model, folders, maxKeys }: EncryptedServiceOptions, worker: EncryptedWorker) {
    this.model = model;
    this.#folders = folders;
    this.#places = new KeyPlaces(maxKeys);
    this.#worker = worker;
  }

  /** Starts the thread that computes. Throws an Error. */
  static async start(options: EncryptedServiceOptions): Promise<EncryptedService> {
    return new EncryptedService(options, await EncryptedWorker.start(options.folders));
  }

  /** The files of Microsoft SEAL. */
  get sealFolder(): string {
    return this.#folders.seal;
  }

  /** Takes a caller's evaluation keys; returns their id. Throws UNPROCESSABLE, CONFLICT and OVERLOADED. */
  async addKeys(file: Uint8Array, owner: string): Promise<string> {
    const key = keyOf(file, 'evaluation-keys');
    await this.#inTurn(owner, async (perform) => {
      const removed = this.#places.requirePlace(key, owner);
      if (removed !== undefined) {
        this.#places.remove(removed);
        await perform({ kind: 'remove-keys', key: removed });
      }
      await perform({ kind: 'add-keys', file });
      this.#places.put(key, owner);
    });
    return key;
  }

  /** Forgets a caller's keys. Throws NOT_FOUND. */
  async removeKeys(key: string, owner: string): Promise<void> {
    await this.#inTurn(owner, async (perform) => {
      this.#places.use(key, owner);
      this.#places.remove(key);
      await perform({ kind: 'remove-keys', key });
    });
  }

  /** Classifies an encrypted image; returns the encrypted answer. Throws UNPROCESSABLE, NOT_FOUND, OVERLOADED and DEADLINE_EXCEEDED. */
  async classify(file: Uint8Array, owner: string): Promise<Uint8Array> {
    const key = keyOf(file, 'encrypted-image');
    this.#places.use(key, owner);
    return this.#inTurn(owner, async (perform) => {
      this.#places.use(key, owner);
      const answer = await perform({ kind: 'classify', file });
      if (!answer) throw new Error('the thread gave no answer');
      return answer;
    });
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker.stop();
  }

  /** Runs an action when those before it are done. */
  async #inTurn<Result>(
    owner: string,
    action: (perform: (task: WorkerTask) => Promise<Uint8Array | undefined>) => Promise<Result>,
  ): Promise<Result> {
    if (!this.#waiting.take(owner, 1)) throw new HttpError('OVERLOADED');
    const asked = performance.now();
    try {
      return await this.#turns.take(async () => {
        if (this.#isClosed) throw new HttpError('STOPPING');
        if (performance.now() - asked > WAIT_MS) throw new HttpError('DEADLINE_EXCEEDED');
        const worker = await this.#livingWorker();
        return action((task) => worker.perform(task, TASK_MS));
      });
    } finally {
      this.#waiting.giveBack(owner, 1);
    }
  }

  /** The thread, or a new one where it was ended: clients then have to send their keys again. */
  async #livingWorker(): Promise<EncryptedWorker> {
    if (this.#worker.isAlive) return this.#worker;
    this.#places.clear();
    return (this.#worker = await EncryptedWorker.start(this.#folders));
  }
}

/** The id in a file that is to be of some kind. Throws UNPROCESSABLE; nothing of a refused file is kept. */
function keyOf(file: Uint8Array, kind: FileKind): string {
  try {
    const header = headerOf(file);
    requireKind(header.kind, kind);
    return header.key;
  } catch (error) {
    if (!(error instanceof EncryptedFileError)) throw error;
    throw new HttpError('UNPROCESSABLE', error.message);
  }
}
