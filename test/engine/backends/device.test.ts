import { describe, expect, it } from 'vitest';

import { startBackend } from '../../../src/engine/backends/start.js';
import { silentContext } from '../../../src/core/events.js';
import { probeNvidiaDriver } from '../../../src/tensorflow/runtime/nvidia-driver.js';
import { cpuRequest } from '../../support/backends.js';

const driver = probeNvidiaDriver();
const why = driver.found ? ` (skipped: there is a GPU, ${driver.devices.join(', ')})` : '';

describe('--device gpu', () => {
  for (const backend of ['wasm', 'cpu']) {
    it(`is refused by ${backend}, which has none`, async () => {
      const started = startBackend(backend, cpuRequest({ device: 'gpu' }), silentContext());
      await expect(started).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE', exitCode: 4 });
    });
  }

  for (const backend of ['tensorflow', 'auto']) {
    it.skipIf(driver.found)(`is refused by ${backend} on a machine without a GPU${why}`, async () => {
      const started = startBackend(backend, cpuRequest({ device: 'gpu' }), silentContext());
      await expect(started).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE', exitCode: 4 });
    });
  }
});
