// Cuts, edits, reorders and rolls back lines and files of a registry, one mutation at a time; each must be noticed.
// usage: node scripts/run-bench.mjs signatures/tamper-race [MUTATIONS] [SEED]
import { makeVictim, mutationOf, noticed } from './tamper.js';
import { Random } from '../../src/core/random.js';

const [count = '10000', seed = '1'] = process.argv.slice(2);

for (const hasPolicy of [true, false]) {
  const victim = await makeVictim(hasPolicy);
  const random = new Random(Number(seed), 'tamper');
  const tally = new Map<string, number>();
  let missed = 0;
  for (let made = 0; made < Number(count) / 2;) {
    const mutation = mutationOf(victim, () => random.uniform());
    if (!mutation) continue;
    made++;
    const code = await noticed(victim, mutation);
    if (code === undefined) {
      missed++;
      console.log('NOT NOTICED', mutation.kind, mutation.file, [...mutation.writes.values()][0]?.toString());
    }
    const key = `${mutation.kind} ${code ?? 'missed'}`;
    tally.set(key, (tally.get(key) ?? 0) + 1);
  }
  await victim.remove();
  console.log(
    hasPolicy ? 'with a policy' : 'without a policy',
    Object.fromEntries([...tally].sort()),
    `missed ${missed}`,
  );
  if (missed > 0) process.exitCode = 1;
}
