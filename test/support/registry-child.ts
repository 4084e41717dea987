import { ModelRegistry } from '../../src/artifacts/model-registry.js';
import { RegistryWriter } from '../../src/deployment/registry-writer.js';
import { registerMadeUp } from './registry.js';

/** Registers, promotes and rolls back until it is killed. */
async function work(folder: string): Promise<void> {
  const registry = new ModelRegistry(folder);
  const writer = new RegistryWriter(registry, 'child');
  process.stdout.write('started\n');
  for (;;) {
    const version = await registerMadeUp(registry, 'digits');
    await writer.promote('digits', version, { force: false });
    if (version % 3 === 0) await writer.rollback('digits');
  }
}

void work(process.argv[2] ?? '');
