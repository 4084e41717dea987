/**
 * Plants defects in a copy of MNIST and looks whether the checks of `mnist preprocess` find them again: the figures of
 * docs/cleaning.md. `npm run bench:defects` runs all; words after `--` choose: labels, duplicates, outliers, retraining.
 */
import { Random } from '../src/core/random.js';
import { silentContext, type StageContext } from '../src/core/events.js';
import { startBackend } from '../src/engine/backends/start.js';
import { placeOnDevice } from '../src/engine/running/device-images.js';
import { allIndices, type LabelledImages } from '../src/core/images.js';
import { inferenceProgram } from '../src/engine/running/prepare.js';
import { meanMetrics } from '../src/evaluation/classify.js';
import { mlp } from '../src/models/mlp.js';
import type { Finding } from '../src/data/preparation/checks/check.js';
import { similarPairs, type ComparedSet } from '../src/data/preparation/checks/near-duplicates.js';
import { outlierScores } from '../src/data/preparation/checks/outliers.js';
import { clean, type Cleaned, type CleaningInput } from '../src/data/preparation/cleaning/clean.js';
import { checkModes } from '../src/data/preparation/cleaning/cleaning-options.js';
import { crossValidate } from '../src/data/preparation/cleaning/cross-validation.js';
import { describeImages } from '../src/data/preparation/cleaning/descriptors.js';
import { predictInRounds } from '../src/data/preparation/cleaning/second-round.js';
import { pixelScaling, pixelStatistics } from '../src/data/preparation/scaling.js';
import { thumbnails } from '../src/data/preparation/cleaning/thumbnails.js';
import { CROSS_VALIDATION } from '../src/stages/preprocess/clean-data.js';
import { fit } from '../src/training/fit.js';
import { loadFashion, loadMnist } from './defects/mnist.js';
import { append, disguise, disguises, firstImages, flip, imageAt, positions } from './defects/plant.js';
import { publishedLabelErrors } from './defects/published.js';

const SEED = Number(process.env['SEED'] ?? 1);
const classNames = Array.from({ length: 10 }, (_, digit) => String(digit));
const context: StageContext = silentContext();

/** Says a figure, and since when it was being measured. */
function say(text: string, since?: number): void {
  const seconds = since === undefined ? '' : ` (${((performance.now() - since) / 1000).toFixed(1)} s)`;
  process.stdout.write(`${text}${seconds}\n`);
}

function cleaned(train: LabelledImages, test: LabelledImages, words: readonly string[]): Promise<Cleaned> {
  return clean({ train, test, classNames, predict: predictor(train, test) }, checkModes(words), context);
}

function predictor(train: LabelledImages, test: LabelledImages, seed = SEED): CleaningInput['predict'] {
  const plan = { ...CROSS_VALIDATION, folds: 4, seed };
  return (usable) =>
    predictInRounds(train.labels, 10, usable, (learntFrom) =>
      crossValidate(train, test, learntFrom, 10, plan, context),
    );
}

async function plantLabels(train: LabelledImages, test: LabelledImages): Promise<void> {
  const since = performance.now();
  const random = new Random(SEED, 'planted-labels');
  const at = positions(train.count, 600, random);
  const planted = new Set(at);
  const labels = flip(train.labels, at, 10, random);
  const { findings } = await cleaned({ ...train, labels }, test, ['label-errors']);
  const suspects = findings.filter(({ check, split }) => check === 'label-errors' && split === 'train');
  const among = (list: readonly Finding[]): number => list.filter(({ index }) => planted.has(index)).length;
  say(
    `flipped labels: ${among(suspects.slice(0, 660))} of 600 among the first 660 of ${suspects.length} suspects`,
    since,
  );
  const right = suspects.filter(
    ({ index, label }) => planted.has(index) && label === train.labels[index],
  ).length;
  const relabelled = suspects.filter(({ label }) => label !== undefined).length;
  const counted = suspects.filter(({ droppable }) => droppable);
  say(`  drop would leave out ${counted.length}, of which planted ${among(counted)}`);
  say(`  fix would relabel ${relabelled}, ${right} of them planted ones to their true class`);
}

async function publishedErrors(train: LabelledImages, test: LabelledImages): Promise<void> {
  const since = performance.now();
  const { findings } = await cleaned(train, test, ['label-errors']);
  const suspects = findings.filter(({ check, split }) => check === 'label-errors' && split === 'test');
  const found = publishedLabelErrors.filter((error) => suspects.some(({ index }) => index === error));
  const ranks = found.map((error) => `${error} (${suspects.findIndex(({ index }) => index === error) + 1})`);
  say(
    `published test errors: ${found.length} of ${publishedLabelErrors.length} among ${suspects.length} suspects`,
    since,
  );
  say(`  by position and rank: ${ranks.join(', ')}`);
  const inTraining = findings.filter(
    ({ check, split }) => check === 'label-errors' && split === 'train',
  ).length;
  say(`  suspects in the unchanged training images: ${inTraining}`);
}

const compared = (images: LabelledImages): ComparedSet => {
  const small = thumbnails(images);
  return { images: small, descriptors: describeImages(small) };
};

async function plantDuplicates(train: LabelledImages, test: LabelledImages): Promise<void> {
  const random = new Random(SEED, 'planted-duplicates');
  const sources = positions(train.count, 500, random);
  for (const ways of [disguises.slice(0, 3), disguises.slice(3)]) {
    const since = performance.now();
    const images: Uint8Array[] = [];
    for (const [place, source] of sources.entries()) {
      images.push(await disguise(imageAt(train, source), ways[place % ways.length]!, train.shape, random));
    }
    const planted = append(
      test,
      images,
      Array.from(sources, (source) => train.labels[source]!),
    );
    const pairs = await similarPairs(compared(train), compared(planted), context);
    const found = Array.from(sources).filter((source, place) =>
      pairs.some(({ first, second }) => first === source && second === test.count + place),
    ).length;
    const own = pairs.filter(({ second }) => second < test.count).length;
    say(`near duplicates (${ways.join(', ')}): ${found} of 500; ${own} pairs of MNIST’s own images`, since);
    if (ways.length > 1) falsePairs(train, test, pairs);
  }
}

/** Of random pairs of one class, which are harder than those of two. */
function falsePairs(
  train: LabelledImages,
  test: LabelledImages,
  pairs: readonly { first: number; second: number }[],
): void {
  const random = new Random(SEED, 'random-pairs');
  const known = new Set(pairs.map(({ first, second }) => `${first}/${second}`));
  for (const kind of ['any', 'of one class']) {
    let [seen, wrong] = [0, 0];
    while (seen < 1000) {
      const [first, second] = [random.integer(train.count), random.integer(test.count)];
      if (kind !== 'any' && train.labels[first] !== test.labels[second]) continue;
      seen += 1;
      if (known.has(`${first}/${second}`)) wrong += 1;
    }
    say(`  false pairs among 1,000 random ones (${kind}): ${wrong}`);
  }
}

async function plantOutliers(train: LabelledImages, test: LabelledImages): Promise<void> {
  const since = performance.now();
  const random = new Random(SEED, 'planted-outliers');
  const fashion = await loadFashion();
  const sources = positions(fashion.count, 200, random);
  const images = Array.from(sources, (source) => imageAt(fashion, source));
  const planted = append(
    train,
    images,
    images.map(() => random.integer(10)),
  );
  const scores = (await outlierScores({ train: planted, test, isDropped: () => false }, context.signal))
    .train;
  const ranked = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
  const among = (count: number): number =>
    ranked.slice(0, count).filter((index) => index >= train.count).length;
  say(
    `foreign images: ${among(250)} of 200 among the first 250 outliers, ${among(200)} among the first 200`,
    since,
  );
  const { findings } = await cleaned(planted, test, ['outliers']);
  const far = findings.filter(({ check, split }) => check === 'outliers' && split === 'train');
  const foreign = far.filter(({ index }) => index >= train.count).length;
  say(`  beyond the fence, which drop leaves out: ${far.length}, of which foreign ${foreign}`);
}

/** What learns by heart, as users' models do that are trained until they fit: wrong labels cost it dearly. */
const MEMORISING = { hiddenLayers: [256, 128], epochs: 30 };

async function accuracy(train: LabelledImages, test: LabelledImages, seed: number): Promise<number> {
  const all = allIndices(train.count);
  const scaling = pixelScaling('standardize', () => pixelStatistics(train, all));
  const { hiddenLayers, epochs } = MEMORISING;
  const model = mlp.build(mlp.options.parse({ hiddenLayers }), { shape: train.shape, classes: 10 });
  const [images, tested] = [placeOnDevice(train, scaling), placeOnDevice(test, scaling)];
  const plan = { epochs, batchSize: 100, learningRate: 0.001, weightDecay: 0, seed };
  const variables = await fit(model, images, all, plan, {
    signal: context.signal,
    onBatches: () => undefined,
    mode: undefined,
  });
  const inference = inferenceProgram((batch) => model.apply(batch, variables.values()), tested, 10);
  const logits = await inference.run(allIndices(test.count), context.signal);
  for (const held of [inference, variables, images, tested]) held.dispose();
  return meanMetrics(logits, test.labels).accuracy;
}

/** A fifth of the labels is flipped; the same seed then draws the flips, the folds and the weights of all nets. */
async function retrainOnce(
  train: LabelledImages,
  test: LabelledImages,
  seed: number,
): Promise<Record<'intact' | 'flipped' | 'drop' | 'fix', number>> {
  const since = performance.now();
  const random = new Random(seed, 'planted-noise');
  const at = positions(train.count, train.count / 5, random);
  const planted = new Set(at);
  const noisy = { ...train, labels: flip(train.labels, at, 10, random) };
  const predictions = await predictor(noisy, test, seed)(allIndices(train.count));
  const found = {
    intact: await accuracy(train, test, seed),
    flipped: await accuracy(noisy, test, seed),
    drop: 0,
    fix: 0,
  };
  for (const mode of ['drop', 'fix'] as const) {
    const input = { train: noisy, test, classNames, predict: () => Promise.resolve(predictions) };
    const { train: rest, changes } = await clean(input, checkModes([`label-errors=${mode}`]), context);
    found[mode] = await accuracy(rest, test, seed);
    const own = changes.filter(({ split }) => split === 'train');
    const dropped = own.filter(({ action }) => action === 'drop');
    const relabelled = own.filter(({ action }) => action === 'relabel');
    const hits = dropped.filter(({ index }) => planted.has(index)).length;
    const right = relabelled.filter(({ index, to }) => to === train.labels[index]).length;
    say(
      `  seed ${seed}, ${mode}: ${dropped.length} dropped, ${hits} of them flipped; ${relabelled.length} relabelled, ${right} of them rightly (${at.length} were flipped)`,
    );
  }
  say(`  seed ${seed}: ${JSON.stringify(found)}`, since);
  return found;
}

async function retrain(train: LabelledImages, test: LabelledImages): Promise<void> {
  const seeds = Number(process.env['SEEDS'] ?? 4);
  const runs = [];
  for (let seed = SEED; seed < SEED + seeds; seed++) runs.push(await retrainOnce(train, test, seed));
  say(`accuracy on the test images, mean and standard error of ${seeds} seeds; share of the loss won back`);
  for (const trained of ['intact', 'flipped', 'drop', 'fix'] as const) {
    const own = meanWithError(runs.map((run) => 100 * run[trained]));
    const share = meanWithError(
      runs.map((run) => (100 * (run[trained] - run.flipped)) / (run.intact - run.flipped)),
    );
    say(`  ${trained.padEnd(8)} ${own} %   ${share} %`);
  }
}

/** The mean of some numbers, and its standard error. */
function meanWithError(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const error = Math.sqrt(squares / (values.length - 1) / values.length);
  return `${mean.toFixed(2)} ± ${error.toFixed(2)}`;
}

const parts = {
  labels: plantLabels,
  published: publishedErrors,
  duplicates: plantDuplicates,
  outliers: plantOutliers,
  retraining: retrain,
};
const request = { device: 'cpu', threads: undefined, runtime: undefined, environment: process.env } as const;
await startBackend('tensorflow', request, context);
const { train: whole, test } = await loadMnist();
// Fewer training images, where the whole would take too long: IMAGES=12000. SEEDS is how often retraining is repeated.
const train = firstImages(whole, Number(process.env['IMAGES'] ?? whole.count));
const wanted = process.argv.slice(2);
say(`seed ${SEED}, ${train.count} training images`);
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length === 0 || wanted.includes(name)) await run(train, test);
}
