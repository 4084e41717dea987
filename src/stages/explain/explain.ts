import { basename, extname, join } from 'node:path';

import { readCheckpoint, type Checkpoint, type CheckpointDescription } from '../../artifacts/checkpoint.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { writeFileAtomically } from '../../core/files.js';
import { nearest } from '../../core/registry.js';
import { pixelsPerImage, rowOf } from '../../core/images.js';
import { indexOfMaximum, softmax } from '../../evaluation/probabilities.js';
import type { Attribution, Explain } from '../../evaluation/explanation/explainer.js';
import { explainers } from '../../evaluation/explanation/index.js';
import { startForModels } from '../../models/onnx/start.js';
import { dataFor } from '../evaluate/evaluation-subject.js';
import type { ExplainOptions } from './explain-options.js';
import { openExplainer, type ModelExplainer } from '../../evaluation/explanation/model-explainer.js';
import { preparePictures, type Predictions } from '../predict/predict.js';
import type { PictureSource } from '../../data/imaging/foreign-picture.js';
import { runFolderOf } from '../../artifacts/run-folder.js';

/** Which pixels of an image support a class. */
export interface Explanation {
  /** The file, or the split and the position. */
  picture: string;
  /** What a data set says that it shows; null for a picture of one's own. */
  label: string | null;
  /** The likeliest class. */
  predicted: string;
  /** The explained class, its probability and its logit. */
  class: string;
  probability: number;
  logit: number;
  /** The largest absolute value of the map: what full red and full blue stand for. */
  scale: number;
  /** Of methods whose map adds up to a difference between two logits; else null. */
  completeness: Attribution['completeness'] | null;
  /** Where the picture was written. */
  output: string;
}

/** What became of some pictures. */
export interface Explanations {
  checkpoint: string;
  run: string;
  model: string;
  method: string;
  backend: string;
  device: string;
  explanations: Explanation[];
  /** The pictures that could not be explained, and why. */
  failures: Predictions['failures'];
}

interface AskedImage {
  name: string;
  label: string | null;
  pixels: Uint8Array;
}

/**
 * Shows which pixels support a class and which contradict it, in a picture for each image.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`
 *
 * Throws USAGE for a class or a position that there is not, and for a method that the model does not suit; and what `predict`
 * and, for positions, the earlier stages throw.
 */
export async function explain(
  name: string,
  pictures: readonly PictureSource[],
  options: ExplainOptions,
  context: StageContext = silentContext(),
): Promise<Explanations> {
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, options.checkpointsDir));
  const { description, path } = checkpoint;
  if (pictures.length === 0 && options.prepare !== 'auto') {
    throw new ToolkitError('USAGE', {
      message: '--prepare has no effect: images of a data set are prepared already',
      hint: 'leave --prepare out, or name image files',
    });
  }
  const asked = options.class === undefined ? undefined : classNamed(options.class, description);
  const { prepared, failures } = await preparePictures(pictures, description, options, context);
  const images: AskedImage[] = [
    ...prepared.map(({ name: picture, image }) => ({ name: picture, label: null, pixels: image.pixels })),
    ...(await imagesAt(checkpoint, options, context)),
  ];
  // Gradients of one image at a time are not worth compiling.
  const backend = await startForModels([checkpoint], options, context, { engine: 'eager' });
  const folder = options.output ?? join((await runFolderOf(checkpoint))?.path ?? '.', 'explanations');
  const explainer = openExplainer(checkpoint, options.seed, context.signal);
  try {
    const explanations: Explanation[] = [];
    for (const image of images) {
      explanations.push(await explainOne(image, asked, explainer, description, options.method, folder));
    }
    return {
      checkpoint: path,
      run: description.run,
      model: description.model.name,
      method: options.method.name,
      backend: backend.name,
      device: backend.device,
      explanations,
      failures,
    };
  } finally {
    explainer.dispose();
  }
}

/** The method that some settings name. */
function buildExplainer({ name, ...options }: ExplainOptions['method']): Explain {
  // The options were parsed by this very definition's schema; the union of all of them is what TypeScript sees.
  return explainers.require(name).build(options as never);
}

async function explainOne(
  { name, label, pixels }: AskedImage,
  asked: number | undefined,
  explainer: ModelExplainer,
  { classNames, shape }: CheckpointDescription,
  method: ExplainOptions['method'],
  folder: string,
): Promise<Explanation> {
  const logits = await explainer.logits(pixels);
  const likeliest = indexOfMaximum(logits);
  const chosen = asked ?? likeliest;
  const probability = softmax(logits)[chosen]!;
  const { map, completeness = null } = await explainer.explain(buildExplainer(method), pixels, chosen);
  // Charts are loaded only where they are used.
  const { heatSheet, strengthOf } = await import('../../reports/drawing/heat.js');
  const output = join(folder, `${basename(name, extname(name)).replace(/\W+/g, '-')}-${method.name}.png`);
  const share = `${(100 * probability).toFixed(1)} %`;
  const title = `${basename(name)}: “${classNames[chosen]!}” (${share}), ${method.name}`;
  const unit = `blue contradicts “${classNames[chosen]!}”, red supports it`;
  await writeFileAtomically(output, await heatSheet({ pixels, shape, map, title, unit }));
  return {
    ...{ picture: name, label, predicted: classNames[likeliest]!, class: classNames[chosen]! },
    ...{ probability, logit: logits[chosen]!, scale: strengthOf(map), completeness, output },
  };
}

async function imagesAt(
  checkpoint: Checkpoint,
  options: ExplainOptions,
  context: StageContext,
): Promise<AskedImage[]> {
  const { index: positions, split, dataset = checkpoint.description.data.dataset } = options;
  if (positions.length === 0) return [];
  const data = await dataFor(checkpoint, dataset, options, context);
  const file = split === 'test' ? 'test' : 'train';
  const { pixels, labels, count, shape } = data[file];
  const size = pixelsPerImage(shape);
  return positions.map((position) => {
    if (position >= count) {
      throw new ToolkitError('USAGE', {
        message: `--index ${position}: the ${file} file of ${dataset} has images 0 to ${count - 1}`,
        hint: 'choose a position in that range',
      });
    }
    return {
      name: `${dataset} ${file} ${position}`,
      label: data.classNames[labels[position]!]!,
      pixels: rowOf(pixels, position, size),
    };
  });
}

function classNamed(name: string, { classNames }: CheckpointDescription): number {
  const label = classNames.indexOf(name);
  if (label !== -1) return label;
  const meant = nearest(name, classNames);
  throw new ToolkitError('USAGE', {
    message: `--class ${name}: the model has no such class`,
    hint: meant === undefined ? `it has ${classNames.join(', ')}` : `did you mean ${meant}?`,
  });
}
