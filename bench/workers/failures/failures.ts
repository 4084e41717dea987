import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';

import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { tensorDigests } from '../../../test/support/tensor-digests.js';
import { causeFailure } from './cause.js';
import { failureKinds, planFailures, type PlannedFailure } from './plan.js';
import { summaryOf, type FailedRun, type Failure, type FailurePhase } from './outcome.js';
import type { Scene, SceneRun } from './scene.js';

/** What failures are tried with. */
export interface FailureOptions {
  readonly count: number;
  readonly seed: number;
  readonly ranks: number;
  readonly dataDir: string;
  /** The failures of a run, before it is left alone until its end. */
  readonly perRun: number;
  /** The latest moment of a failure, in seconds after the start of the workers. */
  readonly span: number;
  readonly epochs: number;
}

const MOST_CRASHES = 3;
const PHASES: readonly FailurePhase[] = ['starting', 'training', 'ending'];
/** A net that is small, so that an epoch takes a second; with momentum, whose state is in the checkpoint. */
const NET = ['--hidden-layers', '16', '--optimizer', 'momentum', '--batch-size', '3000', '--threads', '1'];
const SERVICE = ['--device', 'cpu', '--seed', '3'];

/**
 * Trains runs, in each of which workers are killed, stopped or cut off at random moments, and compares the weights at their end with those of
 * a run that was never stopped.
 */
export async function tryFailures(
  scene: Scene,
  options: FailureOptions,
  say: (text: string) => void,
): Promise<FailedRun[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mnist-failures-'));
  try {
    const { ranks, seed, span, dataDir, epochs } = options;
    const plan = planFailures(options.count, { seed, ranks, spanMs: span * 1000, kinds: scene.kinds });
    const words = [...NET, ...SERVICE, '--epochs', String(epochs)];
    const place = ['--data-dir', dataDir, '--checkpoints-dir', folder];
    const run = (name: string): SceneRun => ({ name, folder, words: [...words, ...place] });
    await scene.attempt(run('whole'));
    const expected = await weightsAtEnd(scene, run('whole'));
    const all: FailedRun[] = [];
    for (let next = 0; next < plan.length;) {
      const one = run(`run-${all.length + 1}`);
      const { failures, crashes } = await failRun(scene, one, plan.slice(next, next + options.perRun), say);
      next += failures.length;
      const isEqual = isDeepStrictEqual(await weightsAtEnd(scene, one, crashes), expected);
      all.push({ failures, crashes, isEqual });
      say(`${one.name}: ${failures.length} failures, weights ${isEqual ? 'equal' : 'DIFFER'}`);
      for (const crash of crashes) say(`${one.name} ended without a failure: ${crash}`);
      await rm(join(folder, one.name), { recursive: true });
    }
    return all;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Causes failures in a run until all have been, or it has ended; the last attempt goes on. */
async function failRun(
  scene: Scene,
  run: SceneRun,
  plan: readonly PlannedFailure[],
  say: (text: string) => void,
): Promise<{ failures: Failure[]; crashes: string[] }> {
  const failures: Failure[] = [];
  const crashes: string[] = [];
  for (const planned of plan) {
    const failure = await causeFailure(await scene.attempt(run), planned);
    if (failure) {
      failures.push(failure);
      say(`${run.name}: ${JSON.stringify({ ...failure, said: undefined })}`);
      continue;
    }
    const { code, output } = await scene.end();
    if (code === 0) return { failures, crashes };
    crashes.push(output);
  }
  await scene.attempt(run);
  return { failures, crashes };
}

/** Waits for the end of a run, which is started again if it crashes. */
async function weightsAtEnd(
  scene: Scene,
  run: SceneRun,
  crashes: string[] = [],
): Promise<Record<string, string>> {
  for (;;) {
    const { code, output } = await scene.end();
    if (code === 0) break;
    crashes.push(output);
    if (crashes.length > MOST_CRASHES)
      throw new Error(`${run.name} ended with ${code}: ${output.slice(-2000)}`);
    await scene.attempt(run);
  }
  return tensorDigests(await readCheckpoint(join(run.folder, run.name, 'last.safetensors')));
}

/** What came of all failures, in lines. */
export function reportFailures(runs: readonly FailedRun[]): string[] {
  const all = runs.flatMap(({ failures }) => failures);
  const lines = failureKinds.flatMap((kind) => PHASES.flatMap((phase) => summaryOf(kind, phase, all) ?? []));
  const equal = runs.filter(({ isEqual }) => isEqual).length;
  return [
    `${all.length} failures in ${runs.length} runs; seconds: median / 90 % / longest`,
    ...lines,
    `${runs.reduce((total, { crashes }) => total + crashes.length, 0)} crashes without a failure`,
    `${equal} of ${runs.length} runs have the weights of one never stopped`,
  ];
}
