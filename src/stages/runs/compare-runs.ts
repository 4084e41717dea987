import { readCheckpointDescription, type CheckpointDescription } from '../../artifacts/checkpoint.js';
import { resolveRun } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import { writeFileAtomically } from '../../core/files.js';
import { bestEpoch, type EpochRecord } from '../../training/progress.js';
import type { CompareRunsOptions } from './runs-options.js';

/** A run in a comparison. */
export interface ComparedRun {
  run: string;
  folder: string;
  epochs: number;
  parameters: number;
  best: EpochRecord | null;
  /** Of all its epochs. */
  seconds: number;
  history: EpochRecord[];
}

/** A setting in which runs differ: an option, the data or the machine; a value for each run, in their order. */
export interface RunDifference {
  key: string;
  values: unknown[];
}

/** Runs side by side: how their settings and results differ. */
export interface RunComparison {
  runs: ComparedRun[];
  differences: RunDifference[];
  /** The file with their learning curves, if one was requested. */
  plot: string | null;
}

/** Names and folders do not count as differences. */
const NAMES: ReadonlySet<string> = new Set(['run', 'resume', 'stopAfter', 'checkpointsDir', 'dataDir']);

/**
 * Compares runs, from the headers of their last checkpoints. Throws USAGE for fewer than two, CHECKPOINT_MISSING,
 * CHECKPOINT_CORRUPT, CHECKPOINT_REFUSED and storage errors.
 *
 * @param names runs' names, folders or checkpoint files, or `latest`
 */
export async function compareRuns(
  names: readonly string[],
  { checkpointsDir, plot }: CompareRunsOptions,
): Promise<RunComparison> {
  if (names.length < 2) {
    const hint = '"mnist runs" lists them; then "mnist runs compare A B"';
    throw new ToolkitError('USAGE', { message: 'name at least two runs to compare', hint });
  }
  const folders = await Promise.all(names.map((name) => resolveRun(name, checkpointsDir)));
  const found = await Promise.all(
    folders.map(async ({ path, last }, index) => ({
      name: names[index]!,
      path,
      description: await readCheckpointDescription(last),
    })),
  );
  const runs = found.map(({ name, path, description }) => compared(name, path, description));
  if (plot !== undefined) await drawCurves(plot, runs);
  return {
    runs,
    differences: differencesOf(found.map(({ description }) => description)),
    plot: plot ?? null,
  };
}

function compared(
  name: string,
  folder: string,
  { run, model, progress: { history } }: CheckpointDescription,
): ComparedRun {
  return {
    run: name === 'latest' ? run : name,
    folder,
    epochs: history.length,
    parameters: model.parameters,
    best: bestEpoch(history) ?? null,
    seconds: history.reduce((sum, { seconds }) => sum + seconds, 0),
    history,
  };
}

function differencesOf(descriptions: readonly CheckpointDescription[]): RunDifference[] {
  const facts = descriptions.map(({ config, toolkit, data, machine }): Record<string, unknown> => {
    const { backend, backendVersion, device, threads, oneDnn, instructionSet, node } = machine;
    const used = {
      version: toolkit,
      data: data.fingerprint.slice(0, 12),
      validationSplit: data.validationSplit,
    };
    return { ...config, ...used, backend, backendVersion, device, threads, oneDnn, instructionSet, node };
  });
  const keys = [...new Set(facts.flatMap((fact) => Object.keys(fact)))].filter((key) => !NAMES.has(key));
  return keys
    .map((key) => ({ key, values: facts.map((fact) => fact[key] ?? null) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1);
}

async function drawCurves(path: string, runs: readonly ComparedRun[]): Promise<void> {
  // The codec of images is loaded only where it is used.
  const [{ runsPlot }, { encodeFigure }] = await Promise.all([
    import('../../reports/charts/runs-plot.js'),
    import('../../reports/charts/figure.js'),
  ]);
  await writeFileAtomically(path, await encodeFigure(path, runsPlot(runs)));
}
