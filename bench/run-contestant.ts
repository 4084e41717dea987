import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { z } from 'zod';

/** The lines that every contestant prints, as JSON, one after the other; and what `matrix_product.py` prints. */
const lineSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('start'),
    threads: z.number(),
    versions: z.record(z.string(), z.string()),
  }),
  z.object({
    event: z.literal('epoch'),
    epoch: z.number(),
    /** Of training alone. */
    seconds: z.number(),
    /** Of classifying the test images afterwards. */
    testSeconds: z.number(),
    loss: z.number(),
    /** On the test images. */
    accuracy: z.number(),
  }),
  z.object({ event: z.literal('memory'), peakBytes: z.number() }),
  z.object({ event: z.literal('inference'), seconds: z.number() }),
  z.object({ event: z.literal('latency'), seconds: z.number(), samples: z.number() }),
  z.object({ event: z.literal('rate'), flopsPerSecond: z.number() }),
]);

type Line = z.infer<typeof lineSchema>;
type LineOf<Event extends Line['event']> = Extract<Line, { event: Event }>;

interface Timed {
  /** Seconds from the start of the process to the line. */
  at: number;
}

type TimedLine = Line & Timed;

/** What one run of a contestant measured. Times are in seconds. */
export interface Measurement {
  threads: number;
  versions: Record<string, string>;
  epochs: (LineOf<'epoch'> & Timed)[];
  /** From the start of the process to the end of the last epoch, tests included. */
  total: number;
  /** The largest resident memory by the end of training. */
  peakBytes: number;
  inference: number;
  latency: number;
}

/** Runs a contestant to its end. Throws with the end of its error output if it fails. */
export async function measure(command: readonly string[]): Promise<Measurement> {
  const lines = await linesOf(command);
  const epochs = lines.filter((line) => line.event === 'epoch');
  const { threads, versions } = only(lines, 'start');
  return {
    threads,
    versions,
    epochs,
    total: Math.max(...epochs.map(({ at }) => at)),
    peakBytes: only(lines, 'memory').peakBytes,
    inference: only(lines, 'inference').seconds,
    latency: only(lines, 'latency').seconds,
  };
}

/** Runs a program that measures the machine, and returns its floating-point operations a second. */
export async function measureRate(command: readonly string[]): Promise<number> {
  return only(await linesOf(command), 'rate').flopsPerSecond;
}

function only<Event extends Line['event']>(lines: readonly Line[], event: Event): LineOf<Event> {
  const found = lines.find((line): line is LineOf<Event> => line.event === event);
  if (!found) throw new Error(`the contestant printed no line with "${event}"`);
  return found;
}

async function linesOf([program = '', ...words]: readonly string[]): Promise<TimedLine[]> {
  const startedAt = performance.now();
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      // The race is one of CPUs, and quiet; the sources' folder stays clean.
      CUDA_VISIBLE_DEVICES: '',
      TF_CPP_MIN_LOG_LEVEL: '3',
      PYTHONDONTWRITEBYTECODE: '1',
    },
  });
  const lines: TimedLine[] = [];
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4000)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    for await (const text of createInterface(child.stdout)) {
      const at = (performance.now() - startedAt) / 1000;
      lines.push({ ...lineSchema.parse(JSON.parse(text)), at });
    }
  } catch (error) {
    child.kill();
    throw error;
  }
  const code = await ended;
  if (code === 0) return lines;
  throw new Error(`${[program, ...words].join(' ')}\nended with ${code ?? 'a signal'}:\n${errors}`);
}
