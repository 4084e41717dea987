import type { StageContext } from '../../core/events.js';
import { writeFileAtomically } from '../../core/files.js';
import { version } from '../../core/version.js';
import { pixelsPerImage, rowOf } from '../../core/images.js';
import { allClasses, oneVersusRest, precisionRecallCurve, rocCurve } from '../../evaluation/curves.js';
import type { ScoredExamples } from '../../evaluation/probabilities.js';
import { integratedGradients } from '../../evaluation/explanation/integrated-gradients.js';
import type { PicturedMistake } from '../../reports/evaluation/content.js';
import { reportPage } from '../../reports/evaluation/report.js';
import { heatPicture } from '../../reports/drawing/heat.js';
import { dataAddress, pictureOf, shrink, thumbnail } from '../../reports/drawing/picture.js';
import { pictureCells } from './cell-pictures.js';
import type { EvaluationSubject } from './evaluation-subject.js';
import { openExplainer, type ModelExplainer } from '../../evaluation/explanation/model-explainer.js';
import { occlusion } from '../../evaluation/explanation/occlusion.js';
import { isOnnx } from '../../models/onnx/settings.js';
import type { Evaluation, ShownMistake } from '../../evaluation/evaluation.js';

/** The longest side of an attribution map, in pixels. */
const SIDE = 64;

/** Writes an evaluation as an HTML page. Throws storage errors, and the signal's reason when aborted. */
export async function writeReport(
  path: string,
  subject: EvaluationSubject,
  scored: ScoredExamples,
  evaluation: Evaluation,
  imagesPerCell: number,
  context: StageContext,
): Promise<void> {
  const detectors = evaluation.metrics.perClass.map((_, label) => oneVersusRest(scored, label));
  // A class without examples has no curve.
  const known = detectors.map(({ positives, negatives }) => positives.length > 0 && negatives.length > 0);
  const together = allClasses(scored);
  const page = reportPage({
    evaluation,
    descriptions: subject.members.map(({ description }) => description),
    curves: {
      roc: {
        perClass: detectors.map((scores, label) => (known[label] ? rocCurve(scores) : [])),
        all: rocCurve(together),
      },
      precisionRecall: {
        perClass: detectors.map((scores, label) => (known[label] ? precisionRecallCurve(scores) : [])),
        all: precisionRecallCurve(together),
      },
    },
    cells: await pictureCells(subject, scored, imagesPerCell, context),
    mistakes: await pictureMistakes(subject, evaluation.mistakes.mistakes, context),
    toolkit: version,
  });
  await writeFileAtomically(path, page);
}

async function pictureMistakes(
  { members, images }: EvaluationSubject,
  mistakes: readonly ShownMistake[],
  { signal, emit }: StageContext,
): Promise<PicturedMistake[]> {
  const { classNames, random } = members[0].description;
  const { shape, pixels: all } = images;
  const size = pixelsPerImage(shape);
  // Maps of several members are added up, so all are made by one method.
  const method = members.some(({ description }) => isOnnx(description))
    ? occlusion.build(occlusion.options.parse({}))
    : integratedGradients.build(integratedGradients.options.parse({}));
  const explainers: ModelExplainer[] = [];
  try {
    for (const member of members) explainers.push(openExplainer(member, random.seed, signal));
    const pictured: PicturedMistake[] = [];
    for (const mistake of mistakes) {
      const pixels = rowOf(all, mistake.index, size);
      const label = classNames.indexOf(mistake.predicted);
      const maps: Float32Array[] = [];
      for (const explainer of explainers) maps.push((await explainer.explain(method, pixels, label)).map);
      const picture = await thumbnail(pictureOf(pixels, shape));
      const explanation = await dataAddress(await shrink(heatPicture(pixels, shape, sumOf(maps)), SIDE));
      pictured.push({ ...mistake, picture, explanation });
      const done = pictured.length;
      emit({ event: 'progress', task: 'mistakes explained', done, total: mistakes.length, unit: 'images' });
    }
    return pictured;
  } finally {
    for (const explainer of explainers) explainer.dispose();
  }
}

/** Of members' maps: those of either method add up to the map of what the members' logits add up to. */
function sumOf([first, ...others]: readonly Float32Array[]): Float32Array {
  return first!.map((value, at) => others.reduce((sum, map) => sum + map[at]!, value));
}
