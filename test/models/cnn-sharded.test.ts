import { expect, it } from 'vitest';

import { startBackend } from '../../src/engine/backends/start.js';
import { silentContext } from '../../src/core/events.js';
import { cpuRequest } from '../support/backends.js';
import { trainCnn } from '../support/cnn.js';
import { expectClose } from '../support/numbers.js';

// In a file of its own: TensorFlow has as many threads as it is started with.
it('cnn drops the same values when its batches are cut into shards for two cores', async () => {
  await startBackend('tensorflow', cpuRequest({ threads: 2 }), silentContext());
  // Of a size that is cut: see src/engine/sharding/work.ts.
  const size = { images: 200, side: 28, batchSize: 100, filters: [4, 8] };
  const eager = await trainCnn('eager', [0, 4], undefined, size);
  const compiled = await trainCnn('compiled', [0, 4], undefined, size);
  expect(compiled.losses).toHaveLength(4);
  expectClose(compiled.losses, eager.losses, 1e-4);
  expectClose(compiled.kernel, eager.kernel, 1e-3, 1e-4);
});
