import { describe, expect, it } from 'vitest';

import { platformObstacle } from '../../../src/tensorflow/runtime/platform.js';
import { downloadBytes, variantFor, variants } from '../../../src/tensorflow/runtime/variants.js';

describe('platformObstacle', () => {
  it('finds none on a machine where the runtime is installed and used', () => {
    expect(platformObstacle()).toBeUndefined();
  });

  it('leaves the settings of reports as they were', () => {
    const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
    const before = report.excludeNetwork;
    platformObstacle();
    expect(report.excludeNetwork).toBe(before);
  });
});

describe('variants', () => {
  it('are found by name and platform', () => {
    expect(variantFor('cpu', 'linux-x64')?.wheels[0]?.project).toBe('tensorflow-cpu');
    expect(variantFor('cuda', 'linux-x64')?.wheels.length).toBeGreaterThan(1);
    expect(variantFor('cuda', 'darwin-arm64')).toBeUndefined();
    expect(variantFor('cpu', 'win32-x64')).toBeUndefined();
  });

  it('for CUDA unpack what TensorFlow loads, and no libraries for other programs', () => {
    const cuda = variantFor('cuda', 'linux-x64')!;
    const isUnpacked = (file: string): boolean => cuda.wheels.some(({ members }) => members.test(file));
    const wanted = [
      'nvidia/cuda_nvcc/bin/ptxas',
      'nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.5',
      'nvidia/nccl/lib/libnccl.so.2',
      'nvidia/cusolver/lib/libcusolver.so.11',
      'nvidia_nccl_cu12-2.27.7.dist-info/licenses/License.txt',
    ];
    const others = ['cusolver/lib/libcusolverMg.so.11', 'cufft/lib/libcufftw.so.11', 'nccl/include/nccl.h'];
    expect(wanted.filter((file) => !isUnpacked(file))).toEqual([]);
    expect(others.filter((file) => isUnpacked(`nvidia/${file}`))).toEqual([]);
  });

  for (const variant of variants) {
    describe(`${variant.name} on ${variant.platform}`, () => {
      it('pins each wheel completely', () => {
        for (const { sha256, bytes, file, version, project } of variant.wheels) {
          expect(sha256).toMatch(/^[0-9a-f]{64}$/);
          expect(bytes).toBeGreaterThan(0);
          expect(file.startsWith(`${project.replaceAll('-', '_')}-${version}-`)).toBe(true);
          // A wheel for several platforms has their tags one after another.
          const tags = file
            .replace(/\.whl$/, '')
            .split('-')
            .at(-1)!
            .split('.');
          expect(variant.pipPlatforms.some((tag) => tags.includes(tag))).toBe(true);
        }
        const hashes = variant.wheels.map(({ sha256 }) => sha256);
        expect(new Set(hashes).size).toBe(hashes.length);
      });

      it('takes the C API from TensorFlow’s wheel, and nothing that Python would run', () => {
        const suffix = variant.platform.startsWith('darwin') ? '2.dylib' : 'so.2';
        const { members } = variant.wheels[0]!;
        expect(members.test(`tensorflow/libtensorflow_cc.${suffix}`)).toBe(true);
        expect(members.test(`tensorflow/libtensorflow_framework.${suffix}`)).toBe(true);
        for (const wheel of variant.wheels) {
          expect(wheel.members.test('tensorflow/__init__.py')).toBe(false);
          expect(wheel.members.test('nvidia/cudnn/__init__.py')).toBe(false);
        }
      });

      it('says how much is downloaded', () => {
        expect(downloadBytes(variant)).toBe(variant.wheels.reduce((sum, { bytes }) => sum + bytes, 0));
        expect(variant.installedBytes).toBeGreaterThan(downloadBytes(variant));
      });
    });
  }
});
