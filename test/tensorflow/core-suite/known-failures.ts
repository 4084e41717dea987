/** Tests of tfjs-core that fail on our backend, and why. tfjs-node leaves out each of them (dist/run_tests.js of its package). */
export const knownFailures: Readonly<Record<string, string>> = {
  'avgPool test-tensorflow {} gradient x=[3,3,1] f=[3,3] s=1 p=explicit':
    'expects the gradient of a mean over the whole window; the pooling itself takes that of what lies inside the image',
  'conv2dTranspose test-tensorflow {} input=8x8x8,output=4x4x8,f=8,s=1,inDepth=8,p=same vec4':
    'asks for an output of 4×4 where input, stride and padding give 8×8, which TensorFlow refuses',
  'einsum test-tensorflow {} 2d matrix calculate trace: duplicate axes not implemented yet':
    'expects a refusal; TensorFlow computes it',
  'sign test-tensorflow {} basic': 'the sign of NaN is NaN in TensorFlow',
  'sign test-tensorflow {} does not propagate NaNs': 'the sign of NaN is NaN in TensorFlow',
  'sign test-tensorflow {} accepts a tensor-like object': 'the sign of NaN is NaN in TensorFlow',
  'tan test-tensorflow {} numbers exceed float32 precision':
    'compares float32 with more digits than it has: 30144.1777 for 30144.1757',
  'unique test-tensorflow {} 1d tensor with NaN and Infinity': 'NaN is unlike itself in TensorFlow',
};
