import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';

/** The lengths that MPICH asks for. */
const MAXES = 'kvsname_max=256 keylen_max=64 vallen_max=1024';
/** No message is longer: a line with a key and a value. */
const MOST_CHARACTERS = 8192;

/**
 * The side of the launcher in the process management interface of MPICH (PMI-1, "PMI: a scalable parallel process-management interface",
 * Balaji et al., 2010): workers of this machine ask it, over a pipe each, for their number, and tell each other through it how they can be
 * reached. With pipes alone, nothing listens on a network, as `mpiexec` does.
 */
export class PmiServer {
  readonly #size: number;
  readonly #values: Map<string, string>;
  /** The name of the job, which becomes that of its shared memory: no two jobs of a machine may have the same. */
  readonly #job = `mnist-train-${randomUUID()}`;
  /** Those who wait until all have arrived. */
  #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#size = size;
    // All workers are on one machine, and so share its memory.
    this.#values = new Map([['PMI_process_mapping', `(vector,(0,1,${size}))`]]);
  }

  /**
   * Answers a worker.
   *
   * @param onAbort called where the worker gives up
   */
  serve(pipe: Duplex, onAbort: () => void): void {
    let text = '';
    pipe.setEncoding('utf8');
    // A worker that is gone is noticed by its end.
    pipe.on('error', () => undefined);
    pipe.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MOST_CHARACTERS) pipe.destroy();
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.#answer(wordsOf(line), (answer) => pipe.write(`${answer}\n`), onAbort);
    });
  }

  #answer(words: ReadonlyMap<string, string>, say: (answer: string) => void, onAbort: () => void): void {
    switch (words.get('cmd')) {
      case 'init':
        say('cmd=response_to_init rc=0 pmi_version=1 pmi_subversion=1');
        break;
      case 'get_maxes':
        say(`cmd=maxes rc=0 ${MAXES}`);
        break;
      case 'get_appnum':
        say('cmd=appnum rc=0 appnum=0');
        break;
      case 'get_my_kvsname':
        say(`cmd=my_kvsname rc=0 kvsname=${this.#job}`);
        break;
      case 'get_universe_size':
        say(`cmd=universe_size rc=0 size=${this.#size}`);
        break;
      case 'put':
        this.#values.set(words.get('key') ?? '', words.get('value') ?? '');
        say('cmd=put_result rc=0');
        break;
      case 'get': {
        const value = this.#values.get(words.get('key') ?? '');
        say(
          value === undefined ? 'cmd=get_result rc=-1 msg=not_found' : `cmd=get_result rc=0 value=${value}`,
        );
        break;
      }
      case 'barrier_in':
        this.#wait(() => {
          say('cmd=barrier_out rc=0');
        });
        break;
      case 'finalize':
        say('cmd=finalize_ack rc=0');
        break;
      case 'abort':
        onAbort();
        break;
      default:
        say(`cmd=${words.get('cmd') ?? 'unknown'} rc=-1 msg=not_supported`);
    }
  }

  #wait(go: () => void): void {
    this.#waiting.push(go);
    if (this.#waiting.length < this.#size) return;
    const all = this.#waiting;
    this.#waiting = [];
    for (const each of all) each();
  }
}

/** A line such as `cmd=put kvsname=job key=a value=b`. */
function wordsOf(line: string): ReadonlyMap<string, string> {
  const pairs = line.split(' ').flatMap((word): [string, string][] => {
    const at = word.indexOf('=');
    return at < 0 ? [] : [[word.slice(0, at), word.slice(at + 1)]];
  });
  return new Map(pairs);
}
