// Registers copies of a version, promotes them and rolls back until it is killed: registry-worker.mjs REGISTRY NAME
import { cpSync } from 'node:fs';

import { ModelRegistry } from '../../dist/artifacts/model-registry.js';
import { RegistryWriter } from '../../dist/deployment/registry-writer.js';
import { withStaging } from '../../dist/deployment/staging.js';

const [folder, name] = process.argv.slice(2);
const registry = new ModelRegistry(folder);
const writer = new RegistryWriter(registry);
console.log('started');
for (;;) {
  await withStaging(folder, async (staged) => {
    cpSync(registry.versionFolder(name, 1), staged, { recursive: true });
    await writer.promote(name, await writer.register(name, staged, {}), { force: true });
  });
  await writer.rollback(name);
}
