// Signs folders with `mnist signing` and has OpenSSF's own program verify them.
// usage: node bench/signatures/interop.mjs PYTHON   (a Python with model_signing==1.1.1 and pyOpenSSL; after npm run build)
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const mnist = fileURLToPath(new URL('../../bin/mnist.js', import.meta.url));
const [python = 'python3'] = process.argv.slice(2);
const place = mkdtempSync(join(tmpdir(), 'mnist-interop-'));

function run(program, ...words) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}`.trim() };
}

function expect(what, isRight, { output }) {
  console.log(`${isRight ? 'ok' : 'FAILED'}  ${what}${isRight ? '' : `: ${output}`}`);
  if (!isRight) process.exitCode = 1;
}

for (const kind of ['p256', 'p384']) {
  const folder = join(place, kind);
  mkdirSync(join(folder, 'a'), { recursive: true });
  for (const name of ['a.txt', 'a/b.txt', 'größe 😀.bin'])
    writeFileSync(join(folder, name), `${kind} ${name}`);
  const key = join(place, `${kind}-key`);
  run(process.execPath, mnist, 'signing', 'keygen', `${key}.pem`, '--kind', kind);
  const signed = run(process.execPath, mnist, 'signing', 'sign', folder, '--sign-key', `${key}.pem`);
  expect(`${kind}: mnist signs`, signed.status === 0, signed);
  const words = ['-m', 'model_signing', 'verify', 'key', folder, '--signature', join(folder, 'model.sig')];
  const verify = (publicKey) => run(python, ...words, '--public_key', publicKey);
  const accepted = verify(`${key}.pub`);
  expect(`${kind}: model_signing accepts it`, accepted.status === 0, accepted);
  writeFileSync(join(folder, 'a.txt'), 'changed');
  const changed = verify(`${key}.pub`);
  expect(`${kind}: model_signing refuses a changed file`, changed.status !== 0, changed);
}
rmSync(place, { recursive: true });
