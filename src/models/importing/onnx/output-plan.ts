import { valueInWords, type OnnxFile } from '../../../artifacts/foreign/onnx/read.js';
import type { OnnxValue } from '../../../artifacts/foreign/onnx/types.js';
import { rowOf } from '../../../core/images.js';
import { isDistribution, isShare } from '../../onnx/output.js';
import type { OnnxSettings } from '../../onnx/settings.js';
import type { OnnxPreprocessing } from './preprocessing.js';
import type { Refuse } from './refuse.js';

/** Labels are bytes. */
const MOST_CLASSES = 256;
const FLOATS: readonly string[] = ['float32', 'float16', 'float64'];

/** The output that holds the scores of the classes. */
export function chooseOutput(
  { outputs }: OnnxFile,
  { output_name: wanted }: OnnxPreprocessing,
  refuse: Refuse,
): OnnxValue {
  const listed = outputs.map((value) => `"${value.name}" ${valueInWords(value)}`).join(', ');
  const [first, ...others] = wanted === undefined ? outputs : outputs.filter(({ name }) => name === wanted);
  if (!first) return refuse(`it has no output "${wanted ?? ''}"; it has ${listed || 'none'}`);
  if (others.length > 0) {
    return refuse(
      `it has ${outputs.length} outputs: ${listed}`,
      'say "output_name" in the preprocessing file: the one with the scores of all classes',
    );
  }
  if (FLOATS.includes(first.type)) return first;
  return refuse(
    `its output "${first.name}" is ${valueInWords(first)}; a score for each class is needed, as float32, float16 or float64`,
  );
}

/** How many classes there are, by the numbers that a model gives for an image. */
export function classesOf(columns: number, refuse: Refuse): number {
  if (columns <= MOST_CLASSES) return Math.max(2, columns);
  return refuse(`it gives ${columns} numbers for an image; at most ${MOST_CLASSES} classes are supported`);
}

/**
 * What the outputs of a model are: what is said, unless they show that it is wrong, or else what they show.
 *
 * @param rows outputs for some images
 */
export function kindOf(
  rows: readonly Float32Array[],
  output: string,
  file: OnnxFile,
  { output: said }: OnnxPreprocessing,
  refuse: Refuse,
): OnnxSettings['output']['kind'] {
  const maker = file.maker(output);
  const isSingle = rows[0]!.length === 1;
  if (maker === 'Sigmoid' && !isSingle && !rows.every(isDistribution)) {
    return refuse(
      'it ends in a sigmoid for each class, so that an image may be of several: one class for each image is needed',
    );
  }
  const shown = isSingle ? maker === 'Sigmoid' : rows.every(isDistribution);
  if (said === undefined) return shown ? 'probabilities' : 'logits';
  const canBe = isSingle ? rows.every((row) => row.every(isShare)) : shown;
  if (said === 'probabilities' && !canBe) {
    return refuse(
      `its outputs are said to be probabilities, and they are not: for an image of noise it gives ${inBrief(rows[0]!)}`,
      'say "output": "logits" in the preprocessing file',
    );
  }
  if (said === 'logits' && shown) {
    return refuse(
      `its outputs are said to be logits, and they are probabilities: for an image of noise it gives ${inBrief(rows[0]!)}`,
      'say "output": "probabilities" in the preprocessing file',
    );
  }
  return said;
}

function inBrief(row: Float32Array): string {
  const some = Array.from(rowOf(row, 0, Math.min(4, row.length)), (value) => value.toPrecision(3));
  return some.join(', ') + (row.length > 4 ? ', …' : '');
}
