// Reads and loads mutated checkpoints of some 10 kB:
//   npm run bench:fuzz-checkpoints -- [COUNT]
// Fails where one ends in anything but a model or an error of the table, or takes more than 0.5 s or 200 MB.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readCheckpoint } from '../src/artifacts/checkpoint.js';
import { isToolkitError } from '../src/core/errors.js';
import { loadModel } from '../src/models/load-model.js';
import { startOnCpu } from '../test/support/backends.js';
import { mutatedCheckpoint, smallCheckpoints } from '../test/support/hostile-checkpoints.js';

const MAX_SECONDS = 0.5;
const MAX_BYTES = 200e6;

const count = Number(process.argv[2] ?? '1000');
const folder = await mkdtemp(join(tmpdir(), 'mnist-train-fuzz-'));
const path = join(folder, 'mutated.safetensors');
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** A model was loaded, or what the error of the table was. */
async function outcomeOf(): Promise<string> {
  try {
    loadModel(await readCheckpoint(path)).variables.dispose();
    return 'loaded';
  } catch (error) {
    if (!isToolkitError(error)) throw error;
    return error.code;
  }
}

try {
  await startOnCpu('cpu');
  const made = smallCheckpoints();
  const outcomes = new Map<string, number>();
  let slowest = 0;
  let largest = 0;
  const before = process.memoryUsage().rss;
  for (let number = 0; number < count; number++) {
    await writeFile(path, mutatedCheckpoint(made, number));
    const since = performance.now();
    const outcome = await outcomeOf();
    const seconds = (performance.now() - since) / 1000;
    if (seconds > MAX_SECONDS) print(`number ${number} took ${seconds.toFixed(3)} s: ${outcome}`);
    slowest = Math.max(slowest, seconds);
    largest = Math.max(largest, process.memoryUsage().rss - before);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  for (const [outcome, times] of outcomes) print(`${outcome}: ${times}`);
  print(`slowest ${slowest.toFixed(3)} s; memory grew by up to ${Math.round(largest / 1e6)} MB`);
  if (slowest > MAX_SECONDS || largest > MAX_BYTES) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
