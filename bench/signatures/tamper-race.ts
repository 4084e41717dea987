// Cuts, edits, reorders and rolls back lines and files of a registry, one mutation at a time; each must be noticed.
// usage: node scripts/run-bench.mjs signatures/tamper-race [MUTATIONS] [SEED]
import { makeVictim, mutationOf, noticed } from './tamper.js';
import { Random } from '../../src/core/random.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
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
      say(`NOT NOTICED: ${mutation.kind} of ${mutation.file}`);
    }
    const key = `${mutation.kind} ${code ?? 'missed'}`;
    tally.set(key, (tally.get(key) ?? 0) + 1);
  }
  await victim.remove();
  const counts = JSON.stringify(Object.fromEntries([...tally].sort()));
  say(`${hasPolicy ? 'with' : 'without'} a policy: ${counts}, missed ${missed}`);
  if (missed > 0) process.exitCode = 1;
}
