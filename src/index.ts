/** The library: every stage as a function of options and a context, the types of what they hand on, and the errors. */
import { callerLayer } from './core/config/layers.js';
import { resolveOptions, type OptionSpace, type Resolved } from './core/config/resolve.js';
import { silentContext, type OnEpoch, type StageContext } from './core/events.js';
import {
  optionSpaces,
  type CalibrateOptions,
  type CollectOptions,
  type CompareRunsOptions,
  type DeployOptions,
  type EmbedOptions,
  type EvaluateOptions,
  type ExplainOptions,
  type ImportOptions,
  type OpenOptions,
  type PredictOptions,
  type PreprocessOptions,
  type PruneRunsOptions,
  type SearchOptions,
  type ServeOptions,
  type ShowDatasetOptions,
  type TrainOptions,
} from './options.js';
import { ToolkitError } from './core/errors.js';
import { loadNamedPlugins } from './core/plugins/named-plugins.js';
import { requireQuality } from './evaluation/quality-gate.js';
import { collect as collectStage } from './stages/collect/collect.js';
import type { OwnImages } from './data/collection/own/own-source.js';
import { deploy as deployStage, type Deployment } from './stages/deploy/deploy.js';
import { calibrate as calibrateStage, type Calibration } from './stages/calibrate/calibrate.js';
import {
  evaluate as evaluateStage,
  evaluateEnsemble as evaluateEnsembleStage,
} from './stages/evaluate/evaluate.js';
import { predict as predictStage, type Predictions } from './stages/predict/predict.js';
import type { OpenModel } from './stages/predict/open-model.js';
import type { PictureSource } from './data/imaging/foreign-picture.js';
import { preprocess as preprocessStage, type Preprocessed } from './stages/preprocess/preprocess.js';
import { compareRuns as compareRunsStage, type RunComparison } from './stages/runs/compare-runs.js';
import { pruneRuns as pruneRunsStage, type Pruning } from './stages/runs/prune-runs.js';
import { search as searchStage, type SearchResult } from './stages/search/search.js';
import { resolveSearchOptions } from './stages/search/search-options.js';
import {
  findLearningRate as findLearningRateStage,
  type LearningRateTest,
} from './stages/train/find-learning-rate.js';
import { collectFolder } from './stages/train/train-folder.js';
import { resolveTrainOptions } from './stages/train/train-options.js';
import { train as trainStage, type TrainResult } from './stages/train/train.js';
import type { Embedded } from './stages/embed/embed.js';
import type { Imported } from './stages/import/import.js';
import type { DatasetView } from './stages/datasets/show-dataset.js';
import type { Explanations } from './stages/explain/explain.js';
import type { RunningServer } from './stages/serve/serve.js';
import type { RawData } from './artifacts/raw.js';
import {
  flattenEvaluation,
  type EnsembleEvaluation,
  type EvaluationResult,
} from './evaluation/evaluation.js';

export { readCheckpoint, type Checkpoint, type CheckpointDescription } from './artifacts/checkpoint.js';
export { ModelRegistry, type RegisteredVersion } from './artifacts/model-registry.js';
export type { Manifest } from './artifacts/manifest.js';
export type { PreparedData } from './artifacts/prepared.js';
export { isSharded, type ShardedData } from './artifacts/sharded.js';
export type { RawData } from './artifacts/raw.js';
export { isToolkitError, ToolkitError, type ErrorCode, type ExitCode } from './core/errors.js';
export type { Emit, EpochEvent, OnEpoch, StageContext, ToolkitEvent } from './core/events.js';
export { version } from './core/version.js';
export type {
  CalibrateOptions,
  CollectOptions,
  CompareRunsOptions,
  DeployOptions,
  EmbedOptions,
  EvaluateOptions,
  ExplainOptions,
  ImportOptions,
  OpenOptions,
  PredictOptions,
  PreprocessOptions,
  PruneRunsOptions,
  SearchOptions,
  ServeOptions,
  ShowDatasetOptions,
  TrainOptions,
} from './options.js';
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
export type { PictureSource } from './data/imaging/foreign-picture.js';
export type { ImageDecision, OpenModel } from './stages/predict/open-model.js';
export type { Predictions } from './stages/predict/predict.js';
export type { EvaluationResult as Evaluation } from './evaluation/evaluation.js';
export type { EnsembleEvaluation } from './evaluation/evaluation.js';
export type { Imported } from './stages/import/import.js';
export type { Embedded } from './stages/embed/embed.js';
export type { DatasetView } from './stages/datasets/show-dataset.js';
export type { Explanation, Explanations } from './stages/explain/explain.js';
export type { OwnImage, OwnImages, OwnPixels } from './data/collection/own/own-source.js';
export type { EnsembleMember } from './evaluation/evaluation.js';
export type { Preprocessed } from './stages/preprocess/preprocess.js';
export type { RunComparison } from './stages/runs/compare-runs.js';
export type { Pruning } from './stages/runs/prune-runs.js';
export type { SearchResult, TrialResult } from './stages/search/search.js';
export type { LearningRateTest } from './stages/train/find-learning-rate.js';
export type { TrainResult } from './stages/train/train.js';

/** Who listens, and who may interrupt; both can be left out. */
export type Context = Partial<StageContext>;

/** The same for collecting, with images that the program has itself. */
export interface CollectContext extends Context {
  images?: OwnImages;
}

/** The same for training, with what is called after each epoch. */
export interface TrainContext extends Context {
  onEpoch?: OnEpoch;
}

/** Validates the options of a call, adds the defaults, and loads the plug-ins that they name. */
async function callerOptions<Space extends OptionSpace>(
  space: Space,
  options: Readonly<Record<string, unknown>>,
): Promise<Resolved<Space>> {
  return resolveOptions(space, await loadNamedPlugins(space, [callerLayer(options)])).values;
}

export { withEncryption, type EncryptionOptions } from './core/encryption/session.js';
export type { KeyWarning } from './core/encryption/keyring.js';

/**
 * Stage 1, with the options of `mnist collect`. Throws a ToolkitError.
 *
 * @param context with `images`, those are collected: any (async) iterable of `{ label, image }`
 */
export async function collect(options: CollectOptions = {}, context: CollectContext = {}): Promise<RawData> {
  const { images, ...rest } = context;
  return collectStage(await callerOptions(optionSpaces.CollectOptions, options), silentContext(rest), images);
}

/** Stage 2, with the options of `mnist preprocess`. Throws a ToolkitError. */
export async function preprocess(
  options: PreprocessOptions = {},
  context: Context = {},
): Promise<Preprocessed> {
  return preprocessStage(
    await callerOptions(optionSpaces.PreprocessOptions, options),
    silentContext(context),
  );
}

/**
 * Stage 3, with the options of `mnist train`: those of the model and the optimiser beside them. Throws a ToolkitError; where the accuracy
 * is below `minAccuracy`, the run is there nevertheless.
 *
 * @example
 * ```js
 * await train({ epochs: 50 }, { onEpoch: ({ validation }) => (validation?.accuracy > 0.98 ? 'stop' : undefined) });
 * ```
 */
export async function train(options: TrainOptions = {}, context: TrainContext = {}): Promise<TrainResult> {
  const resolution = await resolveTrainOptions(options);
  const stageContext = silentContext(context);
  await collectFolder(resolution.values, stageContext);
  const result = await trainStage(resolution, { ...stageContext, onEpoch: context.onEpoch });
  requireQuality(result.test.accuracy, resolution.values.minAccuracy, 'test');
  return result;
}

/**
 * Suggests a learning rate for training with these options, from 100 steps with rates that grow from step to step; it leaves nothing behind
 * but the `plot`, where one is asked for. Throws a ToolkitError.
 *
 * @example
 * ```js
 * const { suggestedLearningRate } = await findLearningRate({ model: 'cnn' });
 * ```
 */
export async function findLearningRate(
  options: TrainOptions = {},
  context: Context = {},
): Promise<LearningRateTest> {
  const resolution = await resolveTrainOptions({ ...options, findLearningRate: true });
  const stageContext = silentContext(context);
  await collectFolder(resolution.values, stageContext);
  return findLearningRateStage(resolution, stageContext);
}

/** Tries configurations, with the options of `mnist search`: the section `search`, and those of `train`. Throws a ToolkitError. */
export async function search(options: SearchOptions, context: Context = {}): Promise<SearchResult> {
  return searchStage(await resolveSearchOptions(options), silentContext(context));
}

/**
 * Makes a checkpoint of a model of Keras, TensorFlow.js or PyTorch, or of an ONNX file, with the options of `mnist import`. Throws a ToolkitError.
 *
 * @param file a .keras, .h5 or .safetensors file, a model.json, or its folder
 */
export async function importModel(
  file: string,
  options: ImportOptions = {},
  context: Context = {},
): Promise<Imported> {
  const values = await callerOptions(optionSpaces.ImportOptions, options);
  const { importModel: importStage } = await import('./stages/import/import.js');
  return importStage(file, values, silentContext(context));
}

/**
 * Stage 4, with the options of `mnist evaluate`. Throws a ToolkitError.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 */
export async function evaluate(
  checkpoint: string,
  options: EvaluateOptions = {},
  context: Context = {},
): Promise<EvaluationResult> {
  const values = await callerOptions(optionSpaces.EvaluateOptions, options);
  if (values.ensemble) {
    throw new ToolkitError('USAGE', {
      message: 'evaluate takes a single checkpoint, and no ensemble',
      hint: 'call evaluateEnsemble with the checkpoints',
    });
  }
  const evaluation = flattenEvaluation(await evaluateStage(checkpoint, values, silentContext(context)));
  requireQuality(evaluation.accuracy, values.minAccuracy, values.split);
  return evaluation;
}

/**
 * Stage 4 for an ensemble, with the options of `mnist evaluate`. Throws a ToolkitError.
 *
 * @param checkpoints two or more of what `evaluate` takes
 */
export async function evaluateEnsemble(
  checkpoints: readonly string[],
  options: EvaluateOptions = {},
  context: Context = {},
): Promise<EnsembleEvaluation> {
  const values = await callerOptions(optionSpaces.EvaluateOptions, options);
  const evaluation = await evaluateEnsembleStage(checkpoints, values, silentContext(context));
  requireQuality(evaluation.metrics.accuracy, values.minAccuracy, values.split);
  return { ...flattenEvaluation(evaluation), members: evaluation.subject.members ?? [] };
}

/**
 * Stage 5, with the options of `mnist deploy`. Throws a ToolkitError.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 */
export async function deploy(
  checkpoint: string,
  options: DeployOptions = {},
  context: Context = {},
): Promise<Deployment> {
  const values = await callerOptions(optionSpaces.DeployOptions, options);
  return deployStage(checkpoint, values, silentContext(context));
}

/**
 * Fits how a checkpoint's probabilities become decisions, with the options of `mnist calibrate`. Throws a ToolkitError.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 */
export async function calibrate(
  checkpoint: string,
  options: CalibrateOptions = {},
  context: Context = {},
): Promise<Calibration> {
  const values = await callerOptions(optionSpaces.CalibrateOptions, options);
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
  options: PredictOptions = {},
  context: Context = {},
): Promise<Predictions> {
  const values = await callerOptions(optionSpaces.PredictOptions, options);
  return predictStage(checkpoint, pictures, values, silentContext(context));
}

/**
 * Opens a model that stays in memory and classifies images as they come. Throws a ToolkitError.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 *
 * @example
 * ```js
 * const model = await openModel('latest');
 * const { class: digit, probability } = await model.classify(pixels);
 * model.close();
 * ```
 */
export async function openModel(
  checkpoint: string,
  options: OpenOptions = {},
  context: Context = {},
): Promise<OpenModel> {
  const values = await callerOptions(optionSpaces.OpenOptions, options);
  const { openModel: openStage } = await import('./stages/predict/open-model.js');
  return openStage(checkpoint, values, silentContext(context));
}

/**
 * Shows which pixels speak for a class and which against it, with the options of `mnist explain`. Throws a ToolkitError; a
 * picture that cannot be explained is among the failures instead.
 *
 * @param checkpoint a checkpoint file, a run's folder or name, or `latest`
 */
export async function explain(
  checkpoint: string,
  pictures: readonly PictureSource[],
  options: ExplainOptions = {},
  context: Context = {},
): Promise<Explanations> {
  const values = await callerOptions(optionSpaces.ExplainOptions, options);
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
  options: EmbedOptions = {},
  context: Context = {},
): Promise<Embedded> {
  const values = await callerOptions(optionSpaces.EmbedOptions, options);
  const { embed: embedStage } = await import('./stages/embed/embed.js');
  return embedStage(checkpoint, values, silentContext(context));
}

/** Looks at a data set, with the options of `mnist datasets show`. Throws a ToolkitError. */
export async function showDataset(
  dataset: string,
  options: ShowDatasetOptions = {},
  context: Context = {},
): Promise<DatasetView> {
  const values = await callerOptions(optionSpaces.ShowDatasetOptions, options);
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
  options: CompareRunsOptions = {},
): Promise<RunComparison> {
  return compareRunsStage(runs, await callerOptions(optionSpaces.CompareRunsOptions, options));
}

/** Removes runs, with the options of `mnist runs prune`; without `yes` it only says which. Throws a ToolkitError. */
export async function pruneRuns(options: PruneRunsOptions, context: Context = {}): Promise<Pruning> {
  return pruneRunsStage(
    await callerOptions(optionSpaces.PruneRunsOptions, options),
    undefined,
    silentContext(context),
  );
}

/** Where a server's log goes; left out, nowhere. */
export type ServeLog = (line: string) => void;

/**
 * Serves models, with the options of `mnist serve`, from when this is fulfilled until `stop` is called. Throws a ToolkitError.
 *
 * @param sources what to serve: a checkpoint file, a run's folder or name, or `latest`, and what else the words of `mnist serve` can be;
 *   undefined serves a model of the registry
 * @param log receives a JSON line for what `logLevel` asks for
 */
export async function serve(
  sources: string | readonly string[] | undefined,
  options: ServeOptions = {},
  context: Context = {},
  log: ServeLog = () => undefined,
): Promise<RunningServer> {
  const values = await callerOptions(optionSpaces.ServeOptions, options);
  const { startServer } = await import('./stages/serve/serve.js');
  const words = typeof sources === 'string' ? [sources] : (sources ?? []);
  return startServer(words, values, { log: { write: log } }, silentContext(context));
}
