import { add, cast, greaterEqual, mul, tidy, type Tensor } from '@tensorflow/tfjs-core';

import type { RandomStream } from './random-stream.js';

/** What of a layer of `@tensorflow/tfjs-layers` is of use here. */
export interface Layer {
  readonly name: string;
  getClassName(): string;
  call(inputs: Tensor | Tensor[], settings: Record<string, unknown>): Tensor | Tensor[];
  /** Of a model that is a layer of another. */
  readonly layers?: readonly Layer[];
  /** Of wrappers. */
  readonly layer?: Layer;
  readonly forwardLayer?: Layer;
  readonly backwardLayer?: Layer;
}

/** Layers that draw random numbers have the settings of some of these. */
interface RandomLayer extends Layer {
  readonly rate?: number;
  readonly stddev?: number;
  readonly noiseShape?: number[];
  getNoiseShape(input: Tensor): number[] | undefined;
}

type Draw = (layer: RandomLayer, input: Tensor, random: RandomStream) => Tensor;

/** What the layers of tf.layers that draw random numbers do in training, with a stream's numbers in place of JavaScript's. */
const DRAWS: Readonly<Record<string, Draw>> = {
  Dropout: dropValues,
  SpatialDropout1D: dropValues,
  GaussianNoise: ({ stddev = 0 }, input, random) => add(input, random.normal(input.shape, 0, stddev)),
  GaussianDropout: ({ rate = 0 }, input, random) =>
    mul(input, random.normal(input.shape, 1, Math.sqrt(rate / (1 - rate)))),
  AlphaDropout: dropToSaturation,
};

/** Lets the layers of a model draw their random numbers from a stream; gives a function that undoes it. */
export function drawFrom(random: RandomStream, layers: readonly Layer[]): () => void {
  const undo = layers.flatMap((layer) => {
    const inner = [...(layer.layers ?? []), layer.layer, layer.forwardLayer, layer.backwardLayer];
    const undoInner = drawFrom(
      random,
      inner.filter((one) => one !== undefined),
    );
    const draw = DRAWS[layer.getClassName()];
    return draw ? [undoInner, replaceCall(layer as RandomLayer, draw, random)] : [undoInner];
  });
  return () => {
    for (const step of undo) step();
  };
}

function replaceCall(layer: RandomLayer, draw: Draw, random: RandomStream): () => void {
  const own = Object.getOwnPropertyDescriptor(layer, 'call');
  const original = layer.call.bind(layer);
  layer.call = (inputs, settings) => {
    const isIdle = layer.rate !== undefined && (layer.rate <= 0 || layer.rate >= 1);
    if (settings['training'] !== true || isIdle) return original(inputs, settings);
    // Its own call comes first: it tells whoever has set a hook.
    return tidy(() => {
      const input = original(inputs, { ...settings, training: false });
      return draw(layer, Array.isArray(input) ? input[0]! : input, random);
    });
  };
  return () => {
    if (own) Object.defineProperty(layer, 'call', own);
    else delete (layer as Partial<Layer>).call;
  };
}

function dropValues(layer: RandomLayer, input: Tensor, random: RandomStream): Tensor {
  return random.dropout(input, layer.rate ?? 0, layer.getNoiseShape(input) ?? input.shape);
}

/** As tf.layers does it, whose sign for values that are dropped is not that of Keras. */
function dropToSaturation(
  { rate = 0, noiseShape }: RandomLayer,
  input: Tensor,
  random: RandomStream,
): Tensor {
  const saturation = -1.6732632423543772 * 1.0507009873554805;
  const factor = ((1 - rate) * (1 + rate * saturation ** 2)) ** -0.5;
  const offset = -factor * saturation * rate;
  const kept = cast(greaterEqual(random.uniform(noiseShape ?? input.shape), rate), 'float32');
  const dropped = add(mul(input, kept), mul(add(kept, -1), saturation));
  return add(mul(dropped, factor), offset);
}
