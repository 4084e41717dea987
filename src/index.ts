/** The library: every stage as a function of options and a context, the types of what they hand on, and the errors. */
import { callerLayer } from './core/config/layers.js';
import { resolveOptions } from './core/config/resolve.js';
import { silentContext, type StageContext } from './core/events.js';
import { collect as collectStage, collectFields } from './stages/collect/collect.js';
import { deploy as deployStage, type Deployment } from './stages/deploy/deploy.js';
import { deploySpace, type deployFields } from './stages/deploy/deploy-options.js';
import {
  calibrate as calibrateStage,
  calibrateFields,
  type Calibration,
} from './stages/calibrate/calibrate.js';
import {
  evaluate as evaluateStage,
  evaluateEnsemble as evaluateEnsembleStage,
} from './stages/evaluate/evaluate.js';
import { evaluateFields } from './stages/evaluate/evaluate-options.js';
import {
  predict as predictStage,
  predictFields,
  type PictureSource,
  type Predictions,
} from './stages/predict/predict.js';
import { preprocess as preprocessStage, type Preprocessed } from './stages/preprocess/preprocess.js';
import { compareRuns as compareRunsStage, type RunComparison } from './stages/runs/compare-runs.js';
import { pruneRuns as pruneRunsStage, type Pruning } from './stages/runs/prune-runs.js';
import { compareRunsFields, pruneRunsFields } from './stages/runs/runs-options.js';
import { search as searchStage, type SearchResult } from './stages/search/search.js';
import { resolveSearchOptions, type SearchOptions } from './stages/search/search-options.js';
import { resolveTrainOptions, type TrainOptions } from './stages/train/train-options.js';
import { train as trainStage, type TrainResult } from './stages/train/train.js';
import type { Embedded } from './stages/embed/embed.js';
import { embedFields } from './stages/embed/embed-options.js';
import type { DatasetView } from './stages/datasets/show-dataset.js';
import { showDatasetFields } from './stages/datasets/show-dataset-options.js';
import { explainSpace, type explainFields } from './stages/explain/explain-options.js';
import type { Explanations } from './stages/explain/explain.js';
import type { RunningServer } from './stages/serve/serve.js';
import { serveFields } from './stages/serve/serve-options.js';
import type { RawData } from './artifacts/raw.js';
import type { z } from 'zod';
import {
  flattenEvaluation,
  type EnsembleEvaluation,
  type EvaluationResult,
} from './evaluation/evaluation.js';
import { preprocessFields } from './stages/preprocess/preprocess-options.js';

export { readCheckpoint, type Checkpoint, type CheckpointDescription } from './artifacts/checkpoint.js';
export { ModelRegistry, type RegisteredVersion } from './artifacts/model-registry.js';
export type { Manifest } from './artifacts/manifest.js';
export type { PreparedData } from './artifacts/prepared.js';
export { isSharded, type ShardedData } from './artifacts/sharded.js';
export type { RawData } from './artifacts/raw.js';
export { isToolkitError, ToolkitError, type ErrorCode, type ExitCode } from './core/errors.js';
export type { Emit, StageContext, ToolkitEvent } from './core/events.js';
export { version } from './core/version.js';
export type { LayerDescription } from './models/layers/settings.js';
export { bootstrapIntervals, type Intervals } from './evaluation/bootstrap.js';
export { oneVersusRest, precisionRecallCurve, rocCurve } from './evaluation/curves.js';
export { comparePaired, type PairedComparison } from './evaluation/mcnemar.js';
export { classificationMetrics, type ClassificationMetrics } from './evaluation/metrics.js';
export { scoreLogits, type ScoredExamples } from './evaluation/probabilities.js';
export type { Deployment } from './stages/deploy/deploy.js';
export type { RunningServer } from './stages/serve/serve.js';
export { decide, type Decision, type DecisionPolicy } from './evaluation/decisions/decide.js';
export type { Calibration } from './stages/calibrate/calibrate.js';
export type { PictureSource, Predictions } from './stages/predict/predict.js';
export type { EvaluationResult as Evaluation } from './evaluation/evaluation.js';
export type { EnsembleEvaluation } from './evaluation/evaluation.js';
export type { Embedded } from './stages/embed/embed.js';
export type { DatasetView } from './stages/datasets/show-dataset.js';
export type { Explanation, Explanations } from './stages/explain/explain.js';
export type { EnsembleMember } from './evaluation/evaluation.js';
export type { Preprocessed } from './stages/preprocess/preprocess.js';
export type { RunComparison } from './stages/runs/compare-runs.js';
export type { Pruning } from './stages/runs/prune-runs.js';
export type { SearchResult, TrialResult } from './stages/search/search.js';
export type { SearchOptions } from './stages/search/search-options.js';
export type { TrainOptions } from './stages/train/train-options.js';
export type { TrainResult } from './stages/train/train.js';

/** Who listens, and who may interrupt; both can be left out. */
export type Context = Partial<StageContext>;

/** Stage 1, with the options of `mnist collect`. Throws a ToolkitError. */
export async function collect(
  options: z.input<typeof collectFields> = {},
  context: Context = {},
): Promise<RawData> {
  const space = { fields: collectFields, choices: {} };
  return collectStage(resolveOptions(space, [callerLayer(options)]).values, silentContext(context));
}

/** Stage 2, with the options of `mnist preprocess`. Throws a ToolkitError. */
export async function preprocess(
  options: z.input<typeof preprocessFields> = {},
  context: Context = {},
): Promise<Preprocessed> {
  const space = { fields: preprocessFields, choices: {} };
  return preprocessStage(resolveOptions(space, [callerLayer(options)]).values, silentContext(context));
}

/** Stage 3, with the options of `mnist train`: those of the model and the optimiser beside them. Throws a ToolkitError. */
export async function train(options: TrainOptions = {}, context: Context = {}): Promise<TrainResult> {
  return trainStage(await resolveTrainOptions(options), silentContext(context));
}

/** Tries configurations, with the options of `mnist search`: the section `search`, and those of `train`. Throws a ToolkitError. */
export async function search(options: SearchOptions, context: Context = {}): Promise<SearchResult> {
  return searchStage(await resolveSearchOptions(options), silentContext(context));
}

/**
 * Stage 4, with the options of `mnist evaluate`. Throws a ToolkitError.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 */
export async function evaluate(
  checkpoint: string,
  options: z.input<typeof evaluateFields> = {},
  context: Context = {},
): Promise<EvaluationResult> {
  const space = { fields: evaluateFields, choices: {} };
  const { values } = resolveOptions(space, [callerLayer(options)]);
  return flattenEvaluation(await evaluateStage(checkpoint, values, silentContext(context)));
}

/**
 * Stage 4 for an ensemble, with the options of `mnist evaluate`. Throws a ToolkitError.
 *
 * @param checkpoints two or more of what `evaluate` takes
 */
export async function evaluateEnsemble(
  checkpoints: readonly string[],
  options: z.input<typeof evaluateFields> = {},
  context: Context = {},
): Promise<EnsembleEvaluation> {
  const space = { fields: evaluateFields, choices: {} };
  const { values } = resolveOptions(space, [callerLayer(options)]);
  const evaluation = await evaluateEnsembleStage(checkpoints, values, silentContext(context));
  return { ...flattenEvaluation(evaluation), members: evaluation.subject.members ?? [] };
}

/** The options of `mnist deploy`: those of the target, such as `quantize`, stand beside the common ones. */
export type DeployInput = z.input<typeof deployFields> & { to?: string } & Record<string, unknown>;

/**
 * Stage 5, with the options of `mnist deploy`. Throws a ToolkitError.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 */
export async function deploy(
  checkpoint: string,
  options: DeployInput = {},
  context: Context = {},
): Promise<Deployment> {
  const { values } = resolveOptions(deploySpace, [callerLayer(options)]);
  return deployStage(checkpoint, values, silentContext(context));
}

/**
 * Fits how a checkpoint's probabilities become decisions, with the options of `mnist calibrate`. Throws a ToolkitError.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 */
export async function calibrate(
  checkpoint: string,
  options: z.input<typeof calibrateFields> = {},
  context: Context = {},
): Promise<Calibration> {
  const space = { fields: calibrateFields, choices: {} };
  const { values } = resolveOptions(space, [callerLayer(options)]);
  return calibrateStage(checkpoint, values, silentContext(context));
}

/**
 * Classifies pictures, with the options of `mnist predict`. Throws a ToolkitError; a picture that cannot be classified is
 * among the failures instead.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 */
export async function predict(
  checkpoint: string,
  pictures: readonly PictureSource[],
  options: z.input<typeof predictFields> = {},
  context: Context = {},
): Promise<Predictions> {
  const space = { fields: predictFields, choices: {} };
  const { values } = resolveOptions(space, [callerLayer(options)]);
  return predictStage(checkpoint, pictures, values, silentContext(context));
}

/** The options of `mnist explain`: those of the method, such as `steps`, stand beside the common ones. */
export type ExplainInput = z.input<typeof explainFields> & { method?: string } & Record<string, unknown>;

/**
 * Shows which pixels speak for a class and which against it, with the options of `mnist explain`. Throws a ToolkitError; a
 * picture that cannot be explained is among the failures instead.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 */
export async function explain(
  checkpoint: string,
  pictures: readonly PictureSource[],
  options: ExplainInput = {},
  context: Context = {},
): Promise<Explanations> {
  const { values } = resolveOptions(explainSpace, [callerLayer(options)]);
  const { explain: explainStage } = await import('./stages/explain/explain.js');
  return explainStage(checkpoint, pictures, values, silentContext(context));
}

/**
 * Writes what a model makes of images before its last layer, with the options of `mnist embed`. Throws a ToolkitError.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 */
export async function embed(
  checkpoint: string,
  options: z.input<typeof embedFields> = {},
  context: Context = {},
): Promise<Embedded> {
  const { values } = resolveOptions({ fields: embedFields, choices: {} }, [callerLayer(options)]);
  const { embed: embedStage } = await import('./stages/embed/embed.js');
  return embedStage(checkpoint, values, silentContext(context));
}

/** Looks at a data set, with the options of `mnist datasets show`. Throws a ToolkitError. */
export async function showDataset(
  dataset: string,
  options: z.input<typeof showDatasetFields> = {},
  context: Context = {},
): Promise<DatasetView> {
  const { values } = resolveOptions({ fields: showDatasetFields, choices: {} }, [callerLayer(options)]);
  const { showDataset: showDatasetStage } = await import('./stages/datasets/show-dataset.js');
  return showDatasetStage(dataset, values, silentContext(context));
}

/** The runs in a folder, the latest first; a damaged one with what is wrong with it. */
export { summariseRuns as listRuns, type RunSummary } from './stages/runs/list-runs.js';

/** The searches in a folder, the latest first; a damaged one with what is wrong with it. */
export { summariseSearches as listSearches, type SearchSummary } from './stages/search/list-searches.js';

/** Sets runs side by side, with the options of `mnist runs compare`. Throws a ToolkitError. */
export async function compareRuns(
  runs: readonly string[],
  options: z.input<typeof compareRunsFields> = {},
): Promise<RunComparison> {
  const space = { fields: compareRunsFields, choices: {} };
  return compareRunsStage(runs, resolveOptions(space, [callerLayer(options)]).values);
}

/** Removes runs, with the options of `mnist runs prune`; without `yes` it only says which. Throws a ToolkitError. */
export async function pruneRuns(options: z.input<typeof pruneRunsFields>): Promise<Pruning> {
  const space = { fields: pruneRunsFields, choices: {} };
  return pruneRunsStage(resolveOptions(space, [callerLayer(options)]).values);
}

/** Where a server's log goes; left out, nowhere. */
export type ServeLog = (line: string) => void;

/**
 * Serves a model, with the options of `mnist serve`, from when this is fulfilled until `stop` is called. Throws a ToolkitError.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`; undefined serves a model of the registry
 * @param log receives a JSON line for what `logLevel` asks for
 */
export async function serve(
  checkpoint: string | undefined,
  options: z.input<typeof serveFields> = {},
  context: Context = {},
  log: ServeLog = () => undefined,
): Promise<RunningServer> {
  const { values } = resolveOptions({ fields: serveFields, choices: {} }, [callerLayer(options)]);
  const { startServer } = await import('./stages/serve/serve.js');
  return startServer(checkpoint, values, { log: { write: log } }, silentContext(context));
}
