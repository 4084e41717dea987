import { silentContext, type StageContext } from '../../core/events.js';
import { writeFileAtomically } from '../../core/files.js';
import { executionMode } from '../../engine/backends/options.js';
import { trainingProgram } from '../../engine/running/prepare.js';
import type { PlottedTest } from '../../reports/charts/range-test-plot.js';
import { rangeTest, type RangeTest } from '../../training/range-test.js';
import { trainingStep } from '../../training/step.js';
import { withLearner } from './learner.js';
import { readInitial } from './starting-point.js';
import { stepInputs } from './step-inputs.js';
import type { TrainResolution } from './train-options.js';
import { openSession } from './training-session.js';

/** What a test of learning rates ends with. */
export interface LearningRateTest extends Omit<RangeTest, 'suggested'> {
  dataset: string;
  model: string;
  optimizer: string;
  batchSize: number;
  /** The learning rate that is suggested; null where no rate has lowered the smoothed loss by 2 %. */
  suggestedLearningRate: number | null;
  /** The file with the plot. */
  plot: string | null;
  seconds: number;
}

/**
 * Suggests a learning rate for a configuration: trains on some batches of the training images with rates that grow from step to step. It
 * leaves no run behind, and looks at no validation or test images. Throws what `train` throws before it trains.
 */
export async function findLearningRate(
  resolution: TrainResolution,
  context: StageContext = silentContext(),
): Promise<LearningRateTest> {
  const started = performance.now();
  const { dataset, model, optimizer, batchSize, plot } = resolution.values;
  const { suggested, ...test } = await testRates(resolution, context);
  const result = {
    ...{ dataset, model: model.name, optimizer: optimizer.name, batchSize },
    suggestedLearningRate: suggested,
    ...test,
  };
  if (plot !== undefined) await writePlot(plot, result);
  return { ...result, plot: plot ?? null, seconds: (performance.now() - started) / 1000 };
}

async function testRates(
  { values: given, initial }: TrainResolution,
  context: StageContext,
): Promise<RangeTest> {
  // Averages follow the weights, and have no part in their steps.
  const values = { ...given, averageWeights: undefined };
  const { signal, emit } = context;
  const session = await openSession(values, context);
  const origin = await readInitial({ values, initial }, session.data, emit);
  return withLearner({ values, session, origin, context }, async ({ set, learner }) => {
    const { model, training } = await stepInputs({ values, set, learner, privacy: undefined, context });
    const step = trainingStep(model, learner.optimizer, learner.variables, learner.settings);
    const program = trainingProgram(step, training, executionMode(values), values.accumulate);
    try {
      return await rangeTest(set.epochs(program, values), learner.optimizer, signal, (done, total) => {
        emit({ event: 'progress', task: 'testing learning rates', done, total, unit: 'steps' });
      });
    } finally {
      program.dispose();
    }
  });
}

async function writePlot(path: string, test: PlottedTest): Promise<void> {
  // The codec of images is loaded only where it is used.
  const [{ rangeTestPlot }, { encodeFigure }] = await Promise.all([
    import('../../reports/charts/range-test-plot.js'),
    import('../../reports/charts/figure.js'),
  ]);
  await writeFileAtomically(path, await encodeFigure(path, rangeTestPlot(test)));
}
