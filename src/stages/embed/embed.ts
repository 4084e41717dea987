import { readCheckpoint, type Checkpoint } from '../../artifacts/checkpoint.js';
import { encodeNpy } from '../../artifacts/npy.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { writeFileAtomically } from '../../core/files.js';
import { count } from '../../core/format.js';
import { Random } from '../../core/random.js';
import type { MapName } from '../../evaluation/embedding/map-names.js';
import { projectByPca, projectByUmap } from '../../evaluation/embedding/project.js';
import { placeOnDevice } from '../../engine/running/device-images.js';
import { rowOf, type LabelledImages } from '../../core/images.js';
import { inferenceProgram } from '../../engine/running/prepare.js';
import type { Forward } from '../../engine/running/program.js';
import { labelsAt } from '../../evaluation/classify.js';
import { startChosenBackend, executionMode } from '../../engine/backends/options.js';
import type { EmbedOptions } from './embed-options.js';
import { chooseSplit, dataFor, warnOfOtherData } from '../evaluate/evaluation-subject.js';
import { requireFinite } from '../../models/finite-outputs.js';
import { loadModel } from '../../models/load-model.js';
import { runFolderOf } from '../../artifacts/run-folder.js';

/** The embeddings of a split, and where they were written. */
export interface Embedded {
  checkpoint: string;
  run: string;
  dataset: string;
  split: EmbedOptions['split'];
  images: number;
  /** How many numbers an image became. */
  size: number;
  /** The embeddings: [images, size]. */
  output: string;
  /** The labels of the same images; in a CSV file, they are a column of the output itself. */
  labels: string | null;
  maps: Partial<Record<MapName, string>>;
}

/**
 * Writes the embeddings of the images of a split (the activations before the last layer), and maps of them in a plane.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`
 *
 * Throws USAGE for a model without a layer before the last, and what `evaluate` throws.
 */
export async function embed(
  name: string,
  options: EmbedOptions,
  context: StageContext = silentContext(),
): Promise<Embedded> {
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, options.checkpointsDir));
  const { description } = checkpoint;
  const { dataset = description.data.dataset, split } = options;
  const data = await dataFor(checkpoint, dataset, options, context);
  warnOfOtherData(checkpoint, data, context);
  const output = options.output ?? (await defaultOutput(checkpoint, dataset, split));
  await startChosenBackend(options, context);
  const { images, indices } = chooseSplit(split, checkpoint, data);
  context.emit({ event: 'stage', stage: 'embed', message: `embedding ${count(indices.length)} images` });
  const { embeddings, size } = await embedImages(checkpoint, images, indices, options, context);
  const labels = labelsAt(images.labels, indices);
  const labelFile = await writeEmbeddings(output, embeddings, size, indices, labels, description.classNames);
  const { run } = description;
  const title = `${run}, ${split} images of ${dataset}`;
  const maps = await writeMaps(
    output,
    title,
    { embeddings, size, labels },
    description.classNames,
    options,
    context,
  );
  return {
    ...{ checkpoint: checkpoint.path, run, dataset, split, images: indices.length, size, output, maps },
    labels: labelFile,
  };
}

async function embedImages(
  checkpoint: Checkpoint,
  images: LabelledImages,
  indices: Int32Array,
  options: EmbedOptions,
  { signal }: StageContext,
): Promise<{ embeddings: Float32Array; size: number }> {
  const { model, variables } = loadModel(checkpoint);
  const placed = placeOnDevice(images, checkpoint.description.preprocessing);
  try {
    const { embedding } = model;
    if (!embedding) {
      throw new ToolkitError('USAGE', {
        message: `${checkpoint.path}: ${model.description} has no hidden layer, and so no embeddings`,
        hint: 'use a model with hidden layers',
      });
    }
    const { size } = embedding;
    const forward: Forward = (batch) => embedding.apply(batch, variables.values());
    const program = inferenceProgram(forward, placed, size, executionMode(options));
    try {
      const embeddings = requireFinite(await program.run(indices, signal), checkpoint);
      return { embeddings, size };
    } finally {
      program.dispose();
    }
  } finally {
    placed.dispose();
    variables.dispose();
  }
}

async function defaultOutput(checkpoint: Checkpoint, dataset: string, split: string): Promise<string> {
  const folder = await runFolderOf(checkpoint);
  return folder?.embeddings(dataset, split) ?? `${checkpoint.description.run}-${dataset}-${split}.npy`;
}

/** Returns the file that the labels are in, where they have one of their own. */
async function writeEmbeddings(
  path: string,
  embeddings: Float32Array,
  size: number,
  indices: Int32Array,
  labels: Uint8Array,
  classNames: readonly string[],
): Promise<string | null> {
  if (path.endsWith('.csv')) {
    await writeFileAtomically(path, ...csvLines(embeddings, size, indices, labels, classNames));
    return null;
  }
  const labelFile = path.replace(/\.npy$/, '-labels.npy');
  await writeFileAtomically(path, ...encodeNpy(embeddings, [indices.length, size]));
  await writeFileAtomically(labelFile, ...encodeNpy(labels, [indices.length]));
  return labelFile;
}

function csvLines(
  embeddings: Float32Array,
  size: number,
  indices: Int32Array,
  labels: Uint8Array,
  classNames: readonly string[],
): string[] {
  const head = ['index', 'label', 'class', ...Array.from({ length: size }, (_, at) => `e${at}`)].join(',');
  const lines = Array.from(indices, (index, row) => {
    const className = `"${classNames[labels[row]!]!.replaceAll('"', '""')}"`;
    const values = rowOf(embeddings, row, size).join(',');
    return `${index},${labels[row]!},${className},${values}\n`;
  });
  return [`${head}\n`, ...lines];
}

async function writeMaps(
  output: string,
  title: string,
  { embeddings, size, labels }: { embeddings: Float32Array; size: number; labels: Uint8Array },
  classNames: readonly string[],
  { maps, mapImages, seed }: EmbedOptions,
  { emit, signal }: StageContext,
): Promise<Embedded['maps']> {
  const all = Int32Array.from(labels, (_, row) => row);
  const rows = new Random(seed, 'map-images').shuffle(all).subarray(0, mapImages);
  const vectors = Array.from(rows, (row) => rowOf(embeddings, row, size));
  const written: Embedded['maps'] = {};
  if (maps.length === 0) return written;
  // Charts and the codec of images are loaded only where they are used.
  const [{ embeddingMap }, { encodeFigure }] = await Promise.all([
    import('../../reports/charts/embedding-map.js'),
    import('../../reports/charts/figure.js'),
  ]);
  for (const name of new Set(maps)) {
    emit({ event: 'stage', stage: 'embed', message: `${name.toUpperCase()} of ${rows.length} embeddings` });
    const points = name === 'pca' ? projectByPca(vectors, seed) : await projectByUmap(vectors, seed, signal);
    const path = output.replace(/\.(npy|csv)$/, `-${name}.png`);
    const picture = embeddingMap({
      title: `${name.toUpperCase()}: ${title}`,
      points,
      labels: labelsAt(labels, rows),
      classNames,
    });
    await writeFileAtomically(path, await encodeFigure(path, picture));
    written[name] = path;
  }
  return written;
}
