import {
  add,
  conv2d,
  depthwiseConv2d,
  FusedConv2D,
  FusedDepthwiseConv2D,
  reshape,
  tidy,
  type FusedConv2DAttrs,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import type { NodeJSKernelBackend } from '#tensorflow-kernels';

import { isUsual } from './convolution.js';
import { improveKernelFunction, tensorFlowOf } from './kernel-call.js';

/** A convolution with bias and activation, where the convolution is one that TensorFlow needs help with. */
export function registerFusedConvolutionKernels(): void {
  for (const kernel of [FusedConv2D, FusedDepthwiseConv2D]) {
    improveKernelFunction(kernel, ({ inputs, attrs, backend }) => {
      const given = attrs as unknown as FusedConv2DAttrs;
      const tensorflow = tensorFlowOf(backend);
      const isDepthwise = kernel === FusedDepthwiseConv2D;
      const isChannelsLast = given.dataFormat !== 'NCHW';
      if (isUsual(given, tensorflow.isUsingGpuDevice, isDepthwise) && isChannelsLast) return undefined;
      return fuse(kernel, inputs as unknown as FusedInputs, given, tensorflow);
    });
  }
}

interface FusedInputs {
  x: Tensor3D;
  filter: Tensor4D;
  bias?: Tensor;
  preluActivationWeights?: Tensor;
}

function fuse(
  kernel: string,
  inputs: FusedInputs,
  given: FusedConv2DAttrs,
  backend: NodeJSKernelBackend,
): Tensor {
  const { strides, pad, dilations, dataFormat, dimRoundingMode, activation, leakyreluAlpha } = given;
  const convolve = kernel === FusedConv2D ? conv2d : depthwiseConv2d;
  return tidy(() => {
    const output = convolve(inputs.x, inputs.filter, strides, pad, dataFormat, dilations, dimRoundingMode);
    const biased = inputs.bias ? add<Tensor>(output, ofChannels(inputs.bias, dataFormat)) : output;
    const weights = inputs.preluActivationWeights && ofChannels(inputs.preluActivationWeights, dataFormat);
    return backend.applyActivation(biased, activation, weights, leakyreluAlpha);
  });
}

/** Lays a value for each channel along the axis of the channels. */
function ofChannels(values: Tensor, dataFormat: 'NHWC' | 'NCHW'): Tensor {
  const isVector = values.shape.length === 1 && values.shape[0] !== 1;
  return dataFormat === 'NCHW' && isVector ? reshape(values, [values.shape[0], 1, 1]) : values;
}
