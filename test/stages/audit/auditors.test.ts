import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { ModelRegistry } from '../../../src/artifacts/model-registry.js';
import { writeSecretAtomically } from '../../../src/core/files.js';
import type { PrivateKey } from '../../../src/core/signing/keys.js';
import { takeCheckpoint } from '../../../src/stages/audit/checkpoint.js';
import { verifyKept } from '../../../src/stages/audit/kept-checkpoints.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { newKey, newPeople, underPolicy } from '../../support/policy.js';

it('under a policy, its auditors sign the log’s head', async () => {
  const folder = await temporaryFolder();
  const registry = new ModelRegistry(join(folder, 'models'));
  const people = newPeople();
  await underPolicy(registry, people);
  const fileOf = async ({ key }: PrivateKey): Promise<string> => {
    const path = join(await temporaryFolder(), 'key.pem');
    await writeSecretAtomically(path, key.export({ type: 'pkcs8', format: 'pem' }));
    return path;
  };
  const witness = [join(folder, 'elsewhere')];
  const lists = { witness, witnessKey: [], verifyKey: [], origin: undefined, from: undefined };
  const options = { ...lists, registryDir: registry.folder };
  const stranger = await fileOf(newKey('ed25519'));
  await toolkitError('POLICY_REFUSED', takeCheckpoint({ ...options, signKey: stranger }));
  const { checkpoint } = await takeCheckpoint({ ...options, signKey: await fileOf(people.auditor) });
  expect(await verifyKept(options)).toMatchObject([{ file: witness[0], size: 1 }]);
  // Signed by somebody else.
  await writeFile(join(folder, 'elsewhere'), checkpoint.replace(/\n— .*\n$/, '\n— other AAAAAAAA\n'));
  await toolkitError('LOG_CHECKPOINT_REFUSED', verifyKept(options));
});
