import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { PixelScaling } from '../../../src/core/images.js';
import { Random } from '../../../src/core/random.js';
import { gradCam } from '../../../src/evaluation/explanation/grad-cam.js';
import { logitGradients, logitsOf } from '../../../src/evaluation/explanation/gradients.js';
import { explainers } from '../../../src/evaluation/explanation/index.js';
import { integratedGradients } from '../../../src/evaluation/explanation/integrated-gradients.js';
import { occlusion } from '../../../src/evaluation/explanation/occlusion.js';
import { smoothGrad } from '../../../src/evaluation/explanation/smooth-grad.js';
import type {
  Explain,
  ExplainerDefinition,
  Question,
} from '../../../src/evaluation/explanation/explainer.js';
import { cnn } from '../../../src/models/cnn.js';
import { models } from '../../../src/models/index.js';
import { convolution } from '../../../src/models/layers/convolution.js';
import { dense } from '../../../src/models/layers/dense.js';
import { flatten } from '../../../src/models/layers/flatten.js';
import { sequence } from '../../../src/models/layers/sequence.js';
import { mlp } from '../../../src/models/mlp.js';
import type { Model } from '../../../src/models/model.js';
import { TrainingVariables } from '../../../src/models/variables.js';
import { rankCorrelation } from '../../support/correlation.js';
import { narrow } from '../../support/narrow.js';
import { toolkitError } from '../../support/errors.js';
import { expectClose } from '../../support/numbers.js';
import { startTensorFlow } from '../../support/training.js';

const scaling: PixelScaling = { scale: 2 / 255, offset: -1 };
const held: TrainingVariables[] = [];

beforeAll(() => startTensorFlow());
afterAll(() => {
  for (const variables of held) variables.dispose();
});

/** A question about a model with fresh weights and an image of a bright square in the dark. */
function questionAbout(model: Model, side: number, channels = 1, seed = 1): Question {
  const variables = new TrainingVariables(model, [], seed);
  held.push(variables);
  const image = new Float32Array(side * side * channels).fill(scaling.offset);
  const random = new Random(5, 'image');
  for (let y = 2; y < side - 2; y++) {
    for (let x = 2; x < side - 3; x++) {
      for (let channel = 0; channel < channels; channel++) {
        image[(y * side + x) * channels + channel] = random.uniform() * 2 - 1;
      }
    }
  }
  return {
    model,
    values: variables.values(),
    shape: { height: side, width: side, channels },
    image,
    scaling,
    label: 1,
    random: new Random(1, 'explanation'),
    signal: new AbortController().signal,
  };
}

function smallMlp(options: object, side = 6, channels = 1): Question {
  const shape = { height: side, width: side, channels };
  return questionAbout(mlp.build(mlp.options.parse(options), { shape, classes: 3 }), side, channels);
}

function smallCnn(options: object = {}, side = 10): Question {
  const shape = { height: side, width: side, channels: 1 };
  const parsed = cnn.options.parse({ filters: [3, 4], denseUnits: 8, ...options });
  return questionAbout(cnn.build(parsed, { shape, classes: 3 }), side);
}

/** The kernel of a model without hidden layers, for the class that is asked about. */
async function linearWeights({ values, label }: Question): Promise<number[]> {
  const rows = await values.get('dense1/kernel')!.data();
  return Array.from({ length: rows.length / 3 }, (_, row) => rows[row * 3 + label]!);
}

it.each([
  ['a perceptron', (): Question => smallMlp({ hiddenLayers: [8], activation: 'tanh' })],
  ['a convolutional net', (): Question => smallCnn({ activation: 'tanh' })],
])('the gradient of %s is what finite differences are', async (_, ask) => {
  const random = new Random(2, 'directions');
  const asked = ask();
  // Without black, where neighbours are equal and the largest of them has no gradient.
  const image = random.uniformArray(asked.image.length, 1);
  const question = { ...asked, image };
  const gradients = await logitGradients(question, image);
  const step = 0.001;
  for (let trial = 0; trial < 5; trial++) {
    const direction = random.normalArray(image.length, 1);
    const moved = [step, -step].flatMap((by) => [...image.map((value, at) => value + by * direction[at]!)]);
    const [up, down] = await logitsOf(question, Float32Array.from(moved));
    const slope = gradients.reduce((sum, value, at) => sum + value * direction[at]!, 0);
    expect(Math.abs((up! - down!) / (2 * step) - slope)).toBeLessThan(0.01 * Math.max(0.1, Math.abs(slope)));
  }
});

describe('integrated gradients', () => {
  it.each([
    ['a perceptron', (): Question => smallMlp({ hiddenLayers: [16, 8] })],
    ['colours', (): Question => smallMlp({ hiddenLayers: [16] }, 6, 3)],
    ['a convolutional net', (): Question => smallCnn()],
  ])('add up to what the logit gains from black on, within 1 %% (%s)', async (_, ask) => {
    const question = ask();
    const { map, completeness } = await integratedGradients.build({ steps: 8 })(question);
    const black = new Float32Array(question.image.length).fill(scaling.offset);
    const [before, after] = await logitsOf(question, Float32Array.of(...black, ...question.image));
    const sum = map.reduce((total, value) => total + value, 0);
    expect(Math.abs(after! - before!)).toBeGreaterThan(0.002);
    expect(Math.abs(sum / (after! - before!) - 1)).toBeLessThan(0.01);
    expect(completeness!.sum).toBeCloseTo(sum, 5);
    expect(map).toHaveLength(question.shape.height * question.shape.width);
  });

  it('of a linear model are weights times pixels, and SmoothGrad is the weights', async () => {
    const question = smallMlp({ hiddenLayers: [] });
    const weights = await linearWeights(question);
    const { map } = await integratedGradients.build({ steps: 1 })(question);
    expectClose(
      map,
      weights.map((weight, at) => weight * (question.image[at]! + 1)),
      1e-4,
      1e-6,
    );
    const smooth = await smoothGrad.build({ samples: 3, noise: 0.2 })(question);
    expectClose(smooth.map, weights, 1e-4, 1e-6);
  });
});

it('occlusion of a linear model is the sum of weights times pixels under the square', async () => {
  const question = smallMlp({ hiddenLayers: [] });
  const weights = await linearWeights(question);
  const { map } = await occlusion.build({ patch: 3, stride: 3 })(question);
  // Squares that do not overlap: each pixel has the fall of its own.
  const expected = Array.from({ length: 36 }, (_, at) => {
    const [left, top] = [3 * Math.floor((at % 6) / 3), 3 * Math.floor(at / 18)];
    const inside = weights.map((weight, pixel) => {
      const [x, y] = [pixel % 6, Math.floor(pixel / 6)];
      const isInside = x >= left && x < left + 3 && y >= top && y < top + 3;
      return isInside ? weight * (question.image[pixel]! + 1) : 0;
    });
    return inside.reduce((sum, value) => sum + value, 0);
  });
  expectClose(map, expected, 1e-4, 1e-5);
});

it('Grad-CAM weighs the maps of the last convolution by their mean gradients', async () => {
  const side = 4;
  const maps = convolution({
    ...{ name: 'maps', inputShape: [side, side, 1], filters: 4, kernelSize: 1 },
    ...{ activation: 'relu', initializer: 'fan-in-uniform' },
  });
  const last = dense({ name: 'last', inputs: 4 * side * side, units: 3, initializer: 'fan-in-uniform' });
  const question = questionAbout(sequence('maps', [maps, flatten(maps.outputShape), last]), side);
  const [kernel, bias, weights] = await Promise.all(
    ['maps/kernel', 'maps/bias', 'last/kernel'].map((name) => question.values.get(name)!.data()),
  );
  const pixels = Array.from(question.image);
  const largest: number[] = [];
  for (const label of [0, 1, 2]) {
    const channels = [0, 1, 2, 3].map((channel) => ({
      values: pixels.map((pixel) => Math.max(0, pixel * kernel![channel]! + bias![channel]!)),
      weight: pixels.reduce(
        (sum, _, at) => sum + weights![(at * 4 + channel) * 3 + label]! / pixels.length,
        0,
      ),
    }));
    const expected = pixels.map((_, at) =>
      Math.max(
        0,
        channels.reduce((sum, { values, weight }) => sum + weight * values[at]!, 0),
      ),
    );
    const { map } = await gradCam.build({})({ ...question, label });
    expectClose(map, expected, 1e-4, 1e-6);
    largest.push(Math.max(...expected));
  }
  expect(Math.max(...largest)).toBeGreaterThan(0.001);
});

// Adebayo et al., “Sanity checks for saliency maps”, 2018: a map that stays the same shows the image and not the model.
it.each([
  ['integrated-gradients', integratedGradients.build({ steps: 64 })],
  ['smooth-grad', smoothGrad.build({ samples: 32, noise: 0.15 })],
  ['occlusion', occlusion.build({ patch: 2, stride: 1 })],
  ['grad-cam', gradCam.build({})],
] as [string, Explain][])(
  '%s: other weights give another map, the same ones the same',
  async (_, explain) => {
    const first = smallCnn();
    const { model } = first;
    const others = [2, 3, 4, 5].map((seed) => questionAbout(model, 10, 1, seed));
    const ink = [...first.image.keys()].filter((at) => first.image[at] !== scaling.offset);
    const { map } = await explain(first);
    const again = await explain({ ...first, random: new Random(1, 'explanation') });
    expect(rankCorrelation(map, again.map, ink)).toBeCloseTo(1, 6);
    const alike: number[] = [];
    for (const other of others) alike.push(rankCorrelation(map, (await explain(other)).map, ink));
    const mean = alike.reduce((sum, value) => sum + value, 0) / alike.length;
    expect(Math.abs(mean)).toBeLessThan(0.5);
  },
);

describe.each([...models])('$name', (definition) => {
  const shape = { height: 28, width: 28, channels: 1 };
  const model = (definition.build as (options: unknown, task: object) => Model)(
    definition.options.parse(narrow(definition)),
    {
      shape,
      classes: 10,
    },
  );

  it('is explained by every method, or the method says why not', async () => {
    const question = questionAbout(model, 28);
    const options = { steps: 1, samples: 2, noise: 0.1, patch: 14, stride: 14 };
    for (const explainer of explainers) {
      const { name, options: schema } = explainer;
      // Integrated gradients take as many steps as random weights ask for; their gradients are those of SmoothGrad.
      if (name === 'integrated-gradients') continue;
      const own = Object.fromEntries(Object.entries(options).filter(([key]) => key in schema.shape));
      const answer = (explainer as ExplainerDefinition).build(schema.parse(own))(question);
      if (name === 'grad-cam' && !model.featureMaps) {
        expect((await toolkitError('USAGE', answer)).message).toContain('needs a model with convolutions');
        continue;
      }
      const { map } = await answer;
      expect(map, name).toHaveLength(28 * 28);
      expect(map.every(Number.isFinite), name).toBe(true);
    }
  });

  it('is the same in two parts, if it has feature maps', async () => {
    const { featureMaps } = model;
    if (!featureMaps) return;
    const question = questionAbout(model, 28);
    const parted: Model = {
      ...model,
      apply: (input, values) => featureMaps.classify(featureMaps.extract(input, values), values),
    };
    const logits = await logitsOf(question, question.image);
    expectClose(await logitsOf({ ...question, model: parted }, question.image), logits, 1e-5);
  });
});
