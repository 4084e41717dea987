import { pagePreparationFor } from '../../data/imaging/preparation-for.js';
import { ToolkitError } from '../../core/errors.js';
import { version } from '../../core/version.js';
import { ruleOf } from '../../evaluation/decisions/rule.js';
import { softmaxRows } from '../../evaluation/probabilities.js';
import { planModel } from '../../models/load-model.js';
import { squareNet, type SquareNetOptions } from '../../models/square-net.js';
import { byteSignature } from '../registered.js';
import { firstImages, type DeploymentSource, type ExportedModel } from '../source.js';
import { checkEncrypted, recordCheck } from './check.js';
import type { EncryptedModelDescription } from './description.js';
import { ENCRYPTED, writeEncryptedModel } from './folder.js';
import { guideFor } from './guide.js';
import { packSquareNet, type PackedLayer } from './matrices.js';
import { slotCount, squareNetParameters } from './parameters.js';
import { classifyPlain } from './plain-model.js';
import { planSquareNet, type Plan } from './plan.js';

/** Images by which the range of the logits is found. */
const RANGE_IMAGES = 200;
/** How many times larger than that the logits of other images may be. */
const HEADROOM = 4;

/**
 * Packs a square net for encrypted images. What is compared with the checkpoint is the packed form, computed without encryption; some
 * images are encrypted, classified and decrypted as well. Throws EXPORT_UNSUPPORTED, EXPORT_DIFFERS, SEAL_UNAVAILABLE and storage errors.
 */
export async function exportEncrypted(
  source: DeploymentSource,
  checkImages: number,
  folder: string,
): Promise<ExportedModel> {
  const { checkpoint, test } = source;
  const { classNames, shape } = checkpoint.description;
  // Checks that the checkpoint has the parameters of its model.
  planModel(checkpoint);
  const net = netOf(source);
  const plan = planFor({ shape, options: net, classes: classNames.length });
  const packed = packSquareNet(checkpoint, plan);
  const described = describe(source, net);
  const unscaled = { model: { description: { ...described, logitFactor: 1 }, plan }, packed };
  const logitFactor = logitFactorFor(classifyPlain(unscaled, firstImages(test, RANGE_IMAGES)));
  const last = packed.length - 1;
  const scaled = packed.with(last, scaledLayer(packed[last]!, logitFactor));
  const loaded = await writeEncryptedModel(folder, { ...described, logitFactor }, scaled);
  await guideFor(loaded.model, folder);
  await recordCheck(await checkEncrypted(loaded, firstImages(test, checkImages), source.context), folder);
  return {
    engine: `mnist-train ${version}, the packed weights without encryption`,
    signature: byteSignature(source),
    classify: (images) =>
      Promise.resolve(Float32Array.from(softmaxRows(classifyPlain(loaded, images), classNames.length))),
    // Nothing is held between calls.
    dispose: () => Promise.resolve(),
  };
}

/** The options of the net. Throws EXPORT_UNSUPPORTED where it takes features instead of pixels. */
function netOf({ checkpoint }: DeploymentSource): EncryptedModelDescription['net'] {
  const { config } = checkpoint.description;
  const { features = 'raw' } = config;
  if (features !== 'raw') {
    const reason = `it takes features (${String(features)}) instead of pixels`;
    const hint = 'train it without --features';
    throw new ToolkitError('EXPORT_UNSUPPORTED', { target: ENCRYPTED, reason, hint });
  }
  const keys = Object.keys(squareNet.options.shape);
  const stored = Object.fromEntries(keys.map((key) => [key, config[key]]));
  const { filters, kernelSize, stride, denseUnits }: SquareNetOptions = squareNet.options.parse(stored);
  return { filters, kernelSize, stride, denseUnits };
}

function planFor(net: Parameters<typeof planSquareNet>[0]): Plan {
  const plan = planSquareNet(net, slotCount(squareNetParameters));
  if (typeof plan !== 'string') return plan;
  const hint =
    'train a smaller one, with fewer --filters or --dense-units or a larger --stride, or on smaller images';
  throw new ToolkitError('EXPORT_UNSUPPORTED', { target: ENCRYPTED, reason: plan, hint });
}

function describe(
  { checkpoint: { description }, decision }: DeploymentSource,
  net: EncryptedModelDescription['net'],
): Omit<EncryptedModelDescription, 'model' | 'logitFactor'> {
  const { run, shape, classNames, preprocessing, data } = description;
  const { temperature, policy } = ruleOf(decision, description);
  return {
    ...{ format: 'mnist-train/encrypted-model', version: 1, run, parameters: squareNetParameters, net },
    ...{ shape, classNames },
    preprocessing: { scale: preprocessing.scale, offset: preprocessing.offset },
    preparation: pagePreparationFor(description),
    data: { dataset: data.dataset, ...(data.imported ? { imported: data.imported } : {}) },
    rule: {
      temperature,
      policy: {
        ...policy,
        classNames: [...policy.classNames],
        thresholds: [...policy.thresholds],
        costs: policy.costs?.map((row) => [...row]) ?? null,
      },
    },
  };
}

/** The largest power of two, up to 1, by which the last prime holds the logits with some headroom. */
function logitFactorFor(logits: Float32Array): number {
  const { coeffModulusBits, scaleBits } = squareNetParameters;
  const most = 2 ** (coeffModulusBits[0]! - scaleBits - 1);
  const largest = logits.reduce((so, logit) => Math.max(so, Math.abs(logit)), 0);
  return Math.min(1, 2 ** Math.floor(Math.log2(most / (HEADROOM * largest))));
}

function scaledLayer({ diagonals, bias }: PackedLayer, factor: number): PackedLayer {
  const scaled = (values: Float32Array): Float32Array => values.map((value) => value * factor);
  return { diagonals: diagonals.map(scaled), bias: scaled(bias) };
}
