import { readCheckpoint, readCheckpointDescription, type Checkpoint } from '../../artifacts/checkpoint.js';
import type { PreparedDescription } from '../../artifacts/prepared.js';
import { resolveRun, type RunFolder } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import type { Emit } from '../../core/events.js';
import { planModel } from '../../models/load-model.js';
import { layerOf, type Model } from '../../models/model.js';
import { isOnnx, onnxRefusal } from '../../models/onnx/settings.js';
import { noProgress, type TrainingProgress } from '../../training/progress.js';
import {
  chosenLayers,
  freeze,
  frozenLayers,
  headOf,
  learntLayers,
  planTransfer,
} from '../../training/transfer.js';
import type { TrainingVariables } from '../../models/variables.js';
import { initialCheckpoint, readInitialModel } from '../import/initial-model.js';
import { readStateDict, reportNewHead, resolveInitial } from '../import/initial-weights.js';
import { requireStoredPlugins, type TrainConfiguration, type TrainResolution } from './train-options.js';
import { requireSameData } from './training-setup.js';
import type { DataPlan } from './training-set.js';

/** The checkpoint that a run goes on from, or takes weights from, if any. Throws CHECKPOINT_MISSING, CORRUPT, REFUSED or OPAQUE. */
export async function readOrigin(
  folder: RunFolder,
  resolution: TrainResolution,
  data: PreparedDescription,
  emit: Emit,
): Promise<Checkpoint | undefined> {
  // A run that is resumed has weights of its own, whatever it was begun with.
  if (resolution.values.resume !== undefined) {
    const last = await readCheckpoint(folder.last);
    // Its configuration decides how much memory is taken: it must be that of its own weights.
    planModel(last);
    requireStoredPlugins(last.path, last.description);
    return last;
  }
  return readInitial(resolution, data, emit);
}

/**
 * The checkpoint that training takes weights from, if any. Throws CHECKPOINT_MISSING, CORRUPT, REFUSED or OPAQUE, and what `readStateDict`,
 * `readInitialModel` and `initialCheckpoint` throw.
 */
export async function readInitial(
  { values, initial }: Pick<TrainResolution, 'values' | 'initial'>,
  data: PreparedDescription,
  emit: Emit,
): Promise<Checkpoint | undefined> {
  const { initFrom, checkpointsDir } = values;
  if (initFrom === undefined) return undefined;
  if (initial) return requireSameFile(initialCheckpoint(initial, values, data, emit), values);
  const { path, kind } = await resolveInitial(initFrom, checkpointsDir);
  if (kind === 'weights') return requireSameFile(await readStateDict(path, values), values);
  if (kind === 'model') {
    return requireSameFile(initialCheckpoint(await readInitialModel(path), values, data, emit), values);
  }
  const origin = await readCheckpoint(path);
  if (isOnnx(origin.description)) throw onnxRefusal(origin.path);
  return origin;
}

/** Throws CHECKPOINT_REFUSED where a run that is repeated began with another file. */
async function requireSameFile(
  origin: Checkpoint,
  { reproduce, checkpointsDir }: TrainConfiguration,
): Promise<Checkpoint> {
  if (reproduce === undefined) return origin;
  const run = await resolveRun(reproduce, checkpointsDir);
  const { initial } = await readCheckpointDescription(run.last);
  if (initial === undefined || initial.sha256 === origin.description.origin?.sha256) return origin;
  const reason = `the file has changed since run "${run.name}" began with it`;
  throw new ToolkitError('CHECKPOINT_REFUSED', { path: origin.path, reason });
}

/** Weights know pixels as they were scaled for them: unless the options say otherwise, they go on seeing them so. */
export function scaledAs(
  origin: Checkpoint | undefined,
  plan: DataPlan,
  { scaling }: TrainConfiguration,
): DataPlan {
  if (!origin || scaling !== undefined) return plan;
  const { scaling: name, ...kept } = origin.description.preprocessing;
  return { ...plan, scalingName: name as DataPlan['scalingName'], scaling: kept };
}

/** The model with the layers frozen that the options name. Throws USAGE. */
export function withFrozenLayers(
  model: Model,
  { freeze: patterns, freezeAllButHead, initFrom, resume }: TrainConfiguration,
): Model {
  const body = freezeAllButHead ? learntLayers(model).filter((layer) => layer !== headOf(model)) : [];
  const wanted = [...patterns, ...body];
  if (patterns.length === 0 && !freezeAllButHead) return model;
  if (initFrom !== undefined || resume !== undefined) return freeze(model, chosenLayers(model, wanted));
  throw new ToolkitError('USAGE', {
    message: 'frozen layers need weights that have been learnt',
    hint: 'name a checkpoint to take them from: --init-from CHECKPOINT',
  });
}

/**
 * Puts an origin's weights into a run's variables, and says where training begins: where a run that is resumed stopped, else at the
 * start. Throws CHECKPOINT_REFUSED where they do not fit.
 */
export function startFrom(
  origin: Checkpoint | undefined,
  values: TrainConfiguration,
  { data, model, variables }: { data: PreparedDescription; model: Model; variables: TrainingVariables },
  emit: Emit,
): TrainingProgress {
  if (!origin) return noProgress;
  const { path, description } = origin;
  if (values.resume !== undefined) {
    refuseMisfit(path, variables.load(origin.tensors, 'everything'));
    requireSameData(origin, data);
    const { history, partial } = description.progress;
    return { history, partial };
  }
  const transfer = planTransfer(model, origin, data.classNames);
  const isTaken = (parameter: string): boolean => !transfer.fresh.includes(layerOf(parameter));
  refuseMisfit(path, variables.load(origin.tensors, 'parameters', isTaken));
  reportNewHead(origin, transfer.fresh, data.classNames.length, emit);
  const frozen = frozenLayers(model, withFrozenLayers(model, values));
  emit({ event: 'transfer', checkpoint: path, ...transfer, frozen });
  return noProgress;
}

function refuseMisfit(path: string, misfit: string | undefined): void {
  if (misfit !== undefined) throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason: misfit });
}
