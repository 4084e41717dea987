import { describe, expect, it } from 'vitest';

import { probeNvidiaDriver } from '../../../src/tensorflow/runtime/nvidia-driver.js';

describe('probeNvidiaDriver', () => {
  it('says what there is, or why there is nothing, and throws nothing', () => {
    const driver = probeNvidiaDriver();
    if (driver.found) {
      expect(driver.cudaVersion).toMatch(/^\d+\.\d+$/);
      expect(driver.devices.length).toBeGreaterThan(0);
      for (const name of driver.devices) expect(name).toMatch(/\S/);
    } else expect(driver.reason).toMatch(/NVIDIA driver|CUDA is not used/);
  });
});
