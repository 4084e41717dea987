import { expect, it, onTestFinished } from 'vitest';

import { makeVictim, mutationOf, noticed } from '../../bench/signatures/tamper.js';
import { Random } from '../../src/core/random.js';

/* A sample of what bench/signatures/tamper-race.ts does ten thousand times. */

it.each([true, false])('what is changed in a registry is noticed (with a policy: %s)', async (hasPolicy) => {
  const victim = await makeVictim(hasPolicy);
  onTestFinished(() => victim.remove());
  const random = new Random(7, 'tamper');
  const kinds = new Set<string>();
  for (let made = 0; made < 40;) {
    const mutation = mutationOf(victim, () => random.uniform());
    if (!mutation) continue;
    made++;
    kinds.add(mutation.kind);
    expect(await noticed(victim, mutation), `${mutation.kind} ${mutation.file}`).toBeDefined();
  }
  expect([...kinds].sort()).toEqual(['cut', 'edit', 'reorder', 'restore', 'rollback']);
  await victim.check();
});
