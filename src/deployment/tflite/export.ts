import { join } from 'node:path';

import { readArtifact } from '../../core/encryption/artifact-file.js';
import { writeFileAtomically } from '../../core/files.js';
import type { LabelledImages } from '../../core/images.js';
import { version } from '../../core/version.js';
import { traceBatch } from '../../engine/tracing/batch-trace.js';
import { classifyInBatches } from '../batches.js';
import { byteSignature } from '../registered.js';
import { requireTensorFlow } from '../requirements.js';
import type { DeploymentSource, ExportedModel, ExportedVariant } from '../source.js';
import { measureRanges } from './calibrate.js';
import { encodeLite } from './encode.js';
import type { LiteGraph } from './graph.js';
import { withHalfWeights } from './half.js';
import { withByteInput } from './inputs.js';
import { LiteRtSession, LITERT_ENGINE } from './litert.js';
import { microFiles, type MicroFiles } from './micro.js';
import { quantizeLite } from './quantize.js';
import { liteNames, translateToLite } from './translate.js';

/** The forms that a model is written in. */
export const liteFormats = ['float32', 'float16', 'int8'] as const;

export type LiteFormat = (typeof liteFormats)[number];

/** What a form that is not exact may cost, in points of accuracy on the images that are compared. */
const ALLOWED_LOSS: Readonly<Record<LiteFormat, number | undefined>> = {
  float32: undefined,
  float16: 0.2,
  int8: 1,
};

/** The file of a form. */
function liteFile(format: LiteFormat): string {
  return `model-${format}.tflite`;
}

/**
 * Writes a model for TFLite in some forms, and loads each from its file. Throws BACKEND_UNAVAILABLE, EXPORT_UNSUPPORTED, LITERT_MISSING,
 * STORAGE_FULL and STORAGE_DENIED.
 *
 * @param formats at least one, each once
 */
export async function writeLite(
  source: DeploymentSource,
  formats: readonly LiteFormat[],
  folder: string,
): Promise<ExportedModel> {
  requireTensorFlow('tflite', source);
  const { description } = source.checkpoint;
  const graph = await translateToLite(traceBatch(source.forward, description.shape, 1), description);
  const { run, classNames, preprocessing } = description;
  const texts = { classNames: JSON.stringify(classNames), preprocessing: JSON.stringify(preprocessing) };
  const opened: LiteVariant[] = [];
  for (const format of formats) {
    const made = await graphFor(format, graph, source);
    const path = join(folder, liteFile(format));
    const title = `${run}, ${format}, by mnist-train ${version}`;
    const bytes = encodeLite(made, title, texts);
    await writeFileAtomically(path, bytes);
    if (format === 'int8') await writeMicro(folder, microFiles(bytes, made, title));
    opened.push(await LiteVariant.open(format, made, path, source));
  }
  const [first] = opened;
  const { inputs, outputs } = byteSignature(source, [
    { name: liteNames.logits, type: 'float32', shape: ['batch', classNames.length] },
  ]);
  const type = formats[0] === 'int8' ? 'int8' : 'uint8';
  const one = <Part extends { shape: (number | string)[] }>(part: Part): Part => ({
    ...part,
    shape: part.shape.with(0, 1),
  });
  return {
    engine: LITERT_ENGINE,
    signature: {
      inputs: inputs.map((input) => ({ ...one(input), type })),
      outputs: outputs.map((output) => ({ ...one(output), type: type === 'int8' ? 'int8' : output.type })),
    },
    classify: (images) => first!.classify(images),
    ...(first!.accuracyLoss === undefined ? {} : { accuracyLoss: first!.accuracyLoss }),
    variants: opened,
    dispose() {
      for (const variant of opened) variant.dispose();
      return Promise.resolve();
    },
  };
}

async function graphFor(format: LiteFormat, graph: LiteGraph, source: DeploymentSource): Promise<LiteGraph> {
  const { preprocessing } = source.checkpoint.description;
  const exact = withByteInput(graph, preprocessing);
  if (format === 'float32') return exact;
  if (format === 'float16') return withHalfWeights(exact);
  return quantizeLite(graph, await measureRanges(exact, source.calibration, source.context), preprocessing);
}

async function writeMicro(folder: string, files: MicroFiles): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await writeFileAtomically(join(folder, 'micro', name), text);
  }
}

/** A form of the model, as LiteRT runs its file. */
class LiteVariant implements ExportedVariant {
  readonly name: LiteFormat;
  readonly path: string;
  readonly accuracyLoss: number | undefined;
  readonly #graph: LiteGraph;
  readonly #session: LiteRtSession;

  private constructor(name: LiteFormat, graph: LiteGraph, session: LiteRtSession) {
    this.name = name;
    this.path = liteFile(name);
    this.accuracyLoss = ALLOWED_LOSS[name];
    this.#graph = graph;
    this.#session = session;
  }

  static async open(
    name: LiteFormat,
    graph: LiteGraph,
    path: string,
    { context }: DeploymentSource,
  ): Promise<LiteVariant> {
    return new LiteVariant(name, graph, await LiteRtSession.load(await readArtifact(path), context));
  }

  /** The probabilities of images, row by row. */
  classify(images: LabelledImages): Promise<Float32Array> {
    const { type, shape } = this.#graph.inputs[0]!;
    return classifyInBatches(images, 1, async ({ pixels }) => {
      const values = type === 'int8' ? Int8Array.from(pixels, (pixel) => pixel - 128) : pixels;
      const [bytes] = await this.#session.run({ values, shape });
      return this.#probabilities(bytes!);
    });
  }

  dispose(): void {
    this.#session.dispose();
  }

  #probabilities(bytes: Uint8Array): Float32Array {
    const quantization = this.#graph.outputs[0]!.quantization;
    if (!quantization) return new Float32Array(bytes.buffer);
    const [scale, zeroPoint] = [quantization.scales[0]!, quantization.zeroPoints[0]!];
    return Float32Array.from(new Int8Array(bytes.buffer), (whole) => scale * (whole - zeroPoint));
  }
}
