import { readCheckpoint, type Checkpoint } from '../../artifacts/checkpoint.js';
import type { PreparedData, Split } from '../../artifacts/prepared.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { allIndices, type LabelledImages } from '../../core/images.js';
import { Random } from '../../core/random.js';
import { backendOptionsOf, executionMode, startChosenBackend } from '../../engine/backends/options.js';
import { labelsAt } from '../../evaluation/classify.js';
import { drawCanaries } from '../../evaluation/privacy/canaries.js';
import {
  attackMembership,
  confidencesOf,
  type MembershipAttack,
  type Side,
} from '../../evaluation/privacy/membership.js';
import { auditOneRun, type LowerBound } from '../../evaluation/privacy/one-run.js';
import { classifyImages } from '../../models/classify-images.js';
import { prepareData, splitOf } from '../preprocess/prepare-data.js';
import type { PrivacyAuditOptions } from './privacy-audit-options.js';

/** What a model gives away about the images that it was trained on. */
export interface PrivacyAudit {
  readonly run: string;
  readonly checkpoint: string;
  readonly dataset: string;
  /** Where the images come from that the model was not trained on. */
  readonly others: 'validation' | 'test';
  readonly attack: MembershipAttack;
  /** A lower bound for ε if one image is replaced by another; null without a random validation split. */
  readonly replaced: LowerBound | null;
  /** The same bound if one image is added or removed, which changes half as much. */
  readonly added: number | null;
}

/**
 * Attacks a checkpoint: tells its training images from others by a likelihood ratio, and bounds ε from below by one-run auditing.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`
 *
 * Throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_REFUSED where its training images are no longer there, USAGE for a data set in
 * shards, and what the earlier stages and `startBackend` throw.
 */
export async function auditPrivacy(
  name: string,
  options: PrivacyAuditOptions,
  context: StageContext = silentContext(),
): Promise<PrivacyAudit> {
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, options.checkpointsDir));
  const { dataset, validationSplit, splitSeed, fingerprint } = checkpoint.description.data;
  const data = await prepareData(
    { dataset, dataDir: options.dataDir, ...backendOptionsOf(options) },
    context,
  );
  if (data.fingerprint !== fingerprint) {
    const reason = `the data set "${dataset}" is no longer the one that it was trained on, so its training images are unknown`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path: checkpoint.path, reason });
  }
  await startChosenBackend(options, context);
  const split = splitOf(data, validationSplit, splitSeed);
  const classify = async (images: LabelledImages, indices: Int32Array): Promise<Side> => {
    const how = { signal: context.signal, indices, mode: executionMode(options) };
    const labels = labelsAt(images.labels, indices);
    return { confidences: confidencesOf(await classifyImages(checkpoint, images, how), labels), labels };
  };
  const isHeldBack = split.validation.length > 0;
  const members = await classify(data.train, split.training);
  const others = isHeldBack
    ? await classify(data.train, split.validation)
    : await classify(data.test, allIndices(data.test.count));
  const replaced = isRandom(data, checkpoint, split)
    ? boundOf(split, { members, others }, data.train, options)
    : null;
  return {
    run: checkpoint.description.run,
    checkpoint: checkpoint.path,
    dataset,
    others: isHeldBack ? 'validation' : 'test',
    attack: attackMembership(members, others),
    replaced,
    added: replaced && replaced.epsilon / 2,
  };
}

/** Whether the validation images were drawn from the same images as the training ones: not those that the source chose. */
function isRandom({ train }: PreparedData, { description }: Checkpoint, { validation }: Split): boolean {
  if (validation.length === 0) return false;
  const chosen = train.isValidation?.reduce((sum, mark) => sum + mark, 0) ?? 0;
  return chosen === 0 || description.data.validationImages !== chosen;
}

function boundOf(
  { training, validation }: Split,
  { members, others }: { members: Side; others: Side },
  { labels, count }: LabelledImages,
  { seed, auditDelta }: PrivacyAuditOptions,
): LowerBound {
  const scores = new Float64Array(count);
  training.forEach((index, row) => (scores[index] = members.confidences[row]!));
  validation.forEach((index, row) => (scores[index] = others.confidences[row]!));
  const canaries = drawCanaries({ training, heldBack: validation }, labels, new Random(seed, 'canaries'));
  const drawn = Array.from(canaries.indices, (index) => scores[index]!);
  return auditOneRun(drawn, canaries.isMember, auditDelta);
}
