// What a server must bear: node bench/serving/robustness.mjs FOLDER CHECKPOINT [malformed|hostile|promotions|kills]
// `hostile` is in hostile.mjs. `malformed` sends 10,000 bad requests (broken, oversized, slow) beside good ones. `promotions` promotes and rolls back 50 times
// under load, in a registry that it makes in a temporary folder, and then damages a version. `kills` kills a process that
// changes a registry, at 100 random moments, and verifies the registry each time. Prints one JSON object a line.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { inferBytes, load } from './client.mjs';
import { exchange } from './exchange.mjs';
import { hostile } from './hostile.mjs';
import { malformedRequests } from './malformed-requests.mjs';
import { startServer } from './server.mjs';

const [folder, checkpoint, ...names] = process.argv.slice(2);
if (folder === undefined || checkpoint === undefined)
  throw new Error('usage: robustness.mjs FOLDER CHECKPOINT [NAME …]');
const LAUNCHER = fileURLToPath(new URL('../../bin/mnist.js', import.meta.url));
const CHANGES = Number(process.env.BENCH_CHANGES ?? 50);
const KILLS = Number(process.env.BENCH_KILLS ?? 100);
const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 10_000);
const print = (name, figures) => console.log(JSON.stringify({ name, ...figures }));
const good = inferBytes(randomBytes(784));
const bad = malformedRequests();

async function malformed() {
  const server = await startServer(
    [checkpoint, '--name', 'mnist', '--body-limit', '0.25', '--request-timeout', '2', '--no-drift'],
    folder,
  );
  const total = REQUESTS;
  const slow = total / 50;
  const statuses = new Map();
  const wrong = [];
  let sent = 0;
  const note = (kind, { status, body }) => {
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    let isJson = true;
    try {
      JSON.parse(body).error.length;
    } catch {
      isJson = false;
    }
    if (status < 400 || status > 499 || !isJson) wrong.push({ kind, status, body: body.slice(0, 80) });
  };
  const sender = async () => {
    while (sent < total - slow) {
      const kind = sent++ % bad.length;
      note(kind, await exchange(server.port, bad[kind]()));
    }
  };
  let isOver = false;
  const goodOnes = (async () => {
    const totals = { requests: 0, notGood: 0, failures: 0 };
    while (!isOver) {
      const part = await load({ port: server.port, connections: 4, request: good, seconds: 1 });
      for (const key of Object.keys(totals)) totals[key] += part[key];
    }
    return totals;
  })();
  const slowOnes = Array.from({ length: slow }, async () =>
    note('slow', await exchange(server.port, good, { trickleMs: 500 })),
  );
  await Promise.all([...Array.from({ length: 16 }, sender), ...slowOnes]);
  isOver = true;
  print('malformed', {
    bad: total,
    statuses: Object.fromEntries(statuses),
    notA4xxWithJson: wrong.length,
    examples: wrong.slice(0, 5),
    good: await goodOnes,
    exitCode: await server.stop(),
  });
}

/** A registry in a temporary folder, with so many versions of the checkpoint. */
async function newRegistry(versions) {
  const registry = mkdtempSync(join(tmpdir(), 'mnist-bench-registry-'));
  const words = ['deploy', checkpoint, '--registry-dir', registry, '--quiet'];
  for (let version = 1; version <= versions; version++) {
    execFileSync(process.execPath, [LAUNCHER, ...words], { cwd: folder });
  }
  const { ModelRegistry } = await import('../../dist/artifacts/model-registry.js');
  const { RegistryWriter } = await import('../../dist/deployment/registry-writer.js');
  const models = new ModelRegistry(registry);
  const [name] = await models.names();
  return { registry, models, writer: new RegistryWriter(models), name };
}

async function kills() {
  const { registry, models, writer, name } = await newRegistry(1);
  const { verifyRegistry } = await import('../../dist/stages/registry/registry.js');
  const { AuditLog } = await import('../../dist/artifacts/audit.js');
  await writer.promote(name, 1, { force: true });
  const worker = fileURLToPath(new URL('registry-worker.mjs', import.meta.url));
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [worker, registry, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await wait(Math.random() * 100);
    child.kill('SIGKILL');
    await once(child, 'close');
    // These throw at the first thing that is not as it should be; the next process takes the dead one's lock over.
    await verifyRegistry(models);
    await models.resolve(name, 'production');
    await new AuditLog(models.auditFile).verify();
  }
  print('kills', { kills: KILLS, versions: (await models.versions(name)).length });
  rmSync(registry, { recursive: true });
}

async function promotions() {
  const { registry, models, writer, name } = await newRegistry(3);
  // The third is the candidate, which is loaded all the time; the first two are loaded anew whenever they are promoted.
  await writer.promote(name, 1, { force: true });
  const server = await startServer(
    ['--registry-dir', registry, '--reload-interval', '0.05', '--no-drift'],
    folder,
  );
  const versions = new Map();
  let isOver = false;
  const totals = { requests: 0, notGood: 0, failures: 0 };
  const clients = (async () => {
    while (!isOver) {
      const part = await load({
        port: server.port,
        connections: 8,
        request: good,
        seconds: 1,
        onAnswer: (_status, _head, body) => {
          const version = /"model_version":"(\w+)"/.exec(body.toString('latin1'))?.[1];
          versions.set(version, (versions.get(version) ?? 0) + 1);
        },
      });
      for (const key of Object.keys(totals)) totals[key] += part[key];
    }
  })();
  const present = async () => (await (await fetch(`${server.url}/status`)).json()).versions.production;
  let changes = 0;
  for (let time = 0; time < CHANGES; time++) {
    if (time % 2 === 0) await writer.promote(name, 2, { force: true });
    else await writer.rollback(name);
    const wanted = time % 2 === 0 ? '2' : '1';
    while ((await present()) !== wanted) await new Promise((resolve) => setTimeout(resolve, 10));
    changes++;
  }
  const damaged = join(models.versionFolder(name, 2), 'model.safetensors');
  const bytes = readFileSync(damaged);
  bytes[bytes.length - 9] ^= 1;
  writeFileSync(damaged, bytes);
  // The alias is switched by hand: the writer itself would not promote what is damaged.
  const alias = models.aliasFile(name, 'production');
  const history = JSON.parse(readFileSync(alias, 'utf8'));
  history.events.push({ ...history.events.at(-1), action: 'promote', version: 2 });
  writeFileSync(alias, JSON.stringify(history));
  while (!server.output().includes('is refused')) await new Promise((resolve) => setTimeout(resolve, 50));
  const afterCorrupt = await present();
  isOver = true;
  await clients;
  print('promotions', { changes, ...totals, answersOfVersion: Object.fromEntries(versions), afterCorrupt });
  await server.stop();
  rmSync(registry, { recursive: true });
}

const measurements = {
  malformed,
  promotions,
  kills,
  async hostile() {
    const figures = await hostile(folder, checkpoint);
    print('hostile', figures);
    if (Object.values(figures.held).includes(false)) process.exitCode = 1;
  },
};
for (const name of names.length > 0 ? names : Object.keys(measurements)) await measurements[name]();
