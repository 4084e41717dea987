import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { readCheckpoint } from '../src/artifacts/checkpoint.js';
import { softmaxRows } from '../src/evaluation/probabilities.js';
import { importModel } from '../src/index.js';
import { classifyPixels } from '../src/models/classify-pixels.js';
import { useTensorFlow } from '../src/tensorflow.js';

/*
 * Imports the models that make_keras.py, make_torch.py and make-tfjs.mjs made, and compares their probabilities with those that the
 * original programs computed: `node scripts/run-bench.mjs imports FOLDER`.
 */

/** What a case may differ by. */
const BAR = 1e-5;

interface Case {
  file: string;
  classes: number;
  options: Record<string, unknown>;
}

const { positionals } = parseArgs({ allowPositionals: true });
const [folder = ''] = positionals;
await useTensorFlow({ device: 'cpu' });
const runs = await mkdtemp(join(tmpdir(), 'mnist-imports-'));
let isWrong = false;
for (const name of (await readdir(folder)).sort()) {
  const read = (file: string): Promise<Buffer> => readFile(join(folder, name, file));
  const { file, classes, options } = JSON.parse((await read('case.json')).toString()) as Case;
  const given = { run: name, checkpointsDir: runs, dataset: 'unnamed', ...options };
  const { checkpoint } = await importModel(join(folder, name, file), given);
  const logits = await classifyPixels(await readCheckpoint(checkpoint), await read('pixels.bin'), {
    signal: new AbortController().signal,
  });
  const found = softmaxRows(logits, classes);
  const { buffer } = Uint8Array.from(await read('probabilities.bin'));
  const expected = new Float32Array(buffer);
  const difference = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - found[at]!)), 0);
  isWrong ||= !(difference <= BAR) || found.length !== expected.length;
  process.stdout.write(
    `${name.padEnd(28)} ${expected.length / classes} images, ${difference.toExponential(2)}\n`,
  );
}
await rm(runs, { recursive: true });
process.exitCode = isWrong ? 1 : 0;
