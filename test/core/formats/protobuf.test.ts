import { describe, expect, it } from 'vitest';

import { MessageWriter } from '../../../src/core/formats/protobuf.js';
import { encodeSessionConfig } from '../../../src/tensorflow/c-api/session-config.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('MessageWriter', () => {
  // The examples of "Encoding" in the Protocol Buffers documentation.
  it('writes the documentation’s examples', () => {
    expect(hex(new MessageWriter().integer(1, 150).finish())).toBe('089601');
    expect(hex(new MessageWriter().text(2, 'testing').finish())).toBe('120774657374696e67');
    const inner = new MessageWriter().integer(1, 150);
    expect(hex(new MessageWriter().message(3, inner).finish())).toBe('1a03089601');
  });

  it('writes field numbers and values of several bytes', () => {
    expect(hex(new MessageWriter().integer(16, 0).finish())).toBe('800100');
    expect(hex(new MessageWriter().integer(1, 2 ** 32).finish())).toBe('088080808010');
    expect(hex(new MessageWriter().boolean(1, true).boolean(2, false).finish())).toBe('08011000');
  });

  it('counts a text in bytes', () => {
    expect(hex(new MessageWriter().text(1, 'é').finish())).toBe('0a02c3a9');
  });
});

describe('encodeSessionConfig', () => {
  // Field numbers by tensorflow/core/protobuf/config.proto, encoded by hand.
  it('allows a GPU, memory as needed and soft placement', () => {
    const bytes = encodeSessionConfig({ threads: 0, useGpu: true, gpuMemoryGrowth: true });
    // use_per_session_threads (9): true, gpu_options (6) {allow_growth (4): true}, allow_soft_placement (7): true
    expect(hex(bytes)).toBe('4801' + '3202' + '2001' + '3801');
  });

  it('hides GPUs and sets both numbers of threads', () => {
    const bytes = encodeSessionConfig({ threads: 300, useGpu: false, gpuMemoryGrowth: false });
    expect(hex(bytes)).toBe(
      // device_count (1) {key (1): "GPU", value (2): 0}
      '0a07' +
        '0a03475055' +
        '1000' +
        // intra_op_parallelism_threads (2): 300, inter_op_parallelism_threads (5): 300
        '10ac02' +
        '28ac02' +
        '4801' +
        '3202' +
        '2000' +
        '3801',
    );
  });

  it('leaves the arithmetic of the graph as it is', () => {
    const settings = { threads: 0, useGpu: true, gpuMemoryGrowth: true };
    // graph_options (10) {rewrite_options (10) {constant_folding (3): OFF (2), arithmetic_optimization (7): OFF}}
    expect(hex(encodeSessionConfig({ ...settings, keepsArithmetic: true }))).toContain(
      '5206' + '5204' + '1802' + '3802',
    );
    // … and auto_mixed_precision (23) and auto_mixed_precision_onednn_bfloat16 (31): ON (1)
    expect(hex(encodeSessionConfig({ ...settings, keepsArithmetic: true, mixedPrecision: true }))).toContain(
      '520c' + '520a' + '1802' + '3802' + 'b80101' + 'f80101',
    );
  });
});
