import { expect, it } from 'vitest';

import { enableOneDnn, instructionSet } from '../../src/tensorflow/onednn.js';
import { useTensorFlow } from '../../src/tensorflow.js';

it.each([
  [{}, 'x64', '1'],
  [{ TF_ENABLE_ONEDNN_OPTS: '' }, 'x64', '1'],
  [{ TF_ENABLE_ONEDNN_OPTS: '0' }, 'x64', '0'],
  [{ TF_ENABLE_ONEDNN_OPTS: 'false' }, 'x64', 'false'],
  [{}, 'arm64', undefined],
])('with the environment %o on %s, TF_ENABLE_ONEDNN_OPTS is %s', (given, architecture, expected) => {
  const environment: NodeJS.ProcessEnv = { ...given };
  enableOneDnn(environment, architecture);
  expect(environment['TF_ENABLE_ONEDNN_OPTS']).toBe(expected);
});

it.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'TensorFlow is started with oneDNN unless the user switches it off, and says so',
  async () => {
    const isOff = ['0', 'false'].includes(process.env['TF_ENABLE_ONEDNN_OPTS'] ?? '');
    const started = await useTensorFlow({ device: 'cpu', threads: 1 });
    expect(started).toMatchObject({ oneDnn: !isOff, instructionSet: instructionSet(process.env) });
  },
);

const AVX2 = ['sse4_1', 'avx', 'avx2', 'fma'];
const AVX512 = [...AVX2, 'avx512f', 'avx512bw', 'avx512vl', 'avx512dq'];
const BF16 = [...AVX512, 'avx512_vnni', 'avx512_bf16'];

it.each([
  [AVX2, undefined, 'AVX2'],
  [[...AVX2, 'avx_vnni'], undefined, 'AVX2_VNNI'],
  [AVX512, undefined, 'AVX512_CORE'],
  [BF16, undefined, 'AVX512_CORE_BF16'],
  [[...BF16, 'avx512_fp16', 'amx_tile', 'amx_int8', 'amx_bf16'], undefined, 'AVX512_CORE_AMX'],
  [BF16, 'avx2', 'AVX2'],
  [AVX2, 'AVX512_CORE', 'AVX2'],
  [BF16, 'ALL', 'AVX512_CORE_BF16'],
  [[], undefined, undefined],
])('the instruction set with the flags %j and ONEDNN_MAX_CPU_ISA=%s is %s', (flags, limit, expected) => {
  const environment = limit === undefined ? {} : { ONEDNN_MAX_CPU_ISA: limit };
  expect(instructionSet(environment, new Set(flags))).toBe(expected);
});
