// Lints, and meanwhile checks format and types: node scripts/check.mjs. What each says is printed in one piece when it ends.
// Fails if any of them does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Lint takes as long as the other two together. */
const lanes = [['lint'], ['typecheck', 'format:check']];

/** Runs one of package.json's scripts, and says whether it went well. */
async function run(script) {
  const child = spawn('npm', ['run', '--silent', script], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  const pieces = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => pieces.push(piece));
  const [code] = await once(child, 'close');
  process.stdout.write(
    Buffer.concat([Buffer.from(`${script}: ${code === 0 ? 'ok' : 'failed'}\n`), ...pieces]),
  );
  return code === 0;
}

/** Runs the scripts of a lane one after the other, all of them. */
async function runAll(scripts) {
  let isWell = true;
  for (const script of scripts) isWell = (await run(script)) && isWell;
  return isWell;
}

const results = await Promise.all(lanes.map(runAll));
process.exitCode = results.every(Boolean) ? 0 : 1;
