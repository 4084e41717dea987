// What a server must bear: node bench/serving/robustness.mjs FOLDER CHECKPOINT [malformed|promotions|kills]
// `malformed` sends 10,000 bad requests (broken, oversized, slow) beside good ones. `promotions` promotes and rolls back 50 times
// under load, in a registry that it makes in a temporary folder, and then damages a version. `kills` kills a process that
// changes a registry, at 100 random moments, and verifies the registry each time. Prints one JSON object a line.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { inferBytes, load, requestBytes } from './client.mjs';
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

/** Sends bytes on a connection of their own and returns the status and body of the answer. */
function exchange(port, bytes, { trickleMs } = {}) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    const timers = [];
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
      // The server keeps some connections, for the client's next request.
      if (isComplete(answer)) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      timers.forEach(clearInterval);
      resolve({ status: Number(answer.slice(9, 12)), body: answer.slice(answer.indexOf('\r\n\r\n') + 4) });
    });
    if (trickleMs === undefined) return void socket.write(bytes);
    // A byte now and then, for ever: only the server's own patience ends it.
    let sent = 0;
    timers.push(setInterval(() => socket.write(bytes.subarray(sent, ++sent)), trickleMs));
  });
}

function isComplete(answer) {
  const headEnd = answer.indexOf('\r\n\r\n');
  const length = /content-length: (\d+)/i.exec(answer.slice(0, headEnd))?.[1];
  return headEnd >= 0 && length !== undefined && answer.length >= headEnd + 4 + Number(length);
}

const json = { 'content-type': 'application/json', connection: 'close' };
const infer = (body, headers = json) =>
  requestBytes('POST', '/v2/models/mnist/infer', headers, Buffer.from(body));
const tensor = (changes) =>
  infer(
    JSON.stringify({
      inputs: [{ name: 'images', datatype: 'UINT8', shape: [1, 784], data: Array(784).fill(0), ...changes }],
    }),
  );

/** Bad requests of every kind. */
const bad = [
  () => infer(randomBytes(200)),
  () => infer('{"inputs":'),
  () => infer('[]'),
  () => infer(''),
  () => tensor({ shape: [1, 783] }),
  () => tensor({ shape: [-1, 784] }),
  () => tensor({ shape: [1e9, 784] }),
  () => tensor({ data: [null] }),
  () => tensor({ data: Array(784).fill(1e9) }),
  () => tensor({ datatype: 'BYTES' }),
  () => tensor({ name: '__proto__' }),
  () => infer('{}', { ...json, 'inference-header-content-length': '999999' }),
  () => infer('{}', { ...json, 'inference-header-content-length': '-1' }),
  () => infer(`{"inputs":${'['.repeat(20_000)}`),
  () => infer(Buffer.alloc(300_000)),
  () => requestBytes('POST', '/classify', { ...json, 'content-type': 'image/png' }, randomBytes(500)),
  () =>
    requestBytes(
      'POST',
      '/classify',
      { ...json, 'content-type': 'image/png' },
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ),
  () => requestBytes('POST', '/feedback', json, Buffer.from('{"id":"x","label":"nine"}')),
  () => requestBytes('POST', '/feedback', json, Buffer.from('{"id":"../../etc/passwd","label":1}')),
  () => requestBytes('PUT', '/traffic', json, Buffer.from('{"canary":101}')),
  () => requestBytes('GET', '/v2/models/..%2f..%2fetc%2fpasswd', { connection: 'close' }, Buffer.alloc(0)),
  () => requestBytes('GET', '/docs/static/..%2f..%2fpackage.json', { connection: 'close' }, Buffer.alloc(0)),
  () => requestBytes('BREW', '/v2', { connection: 'close' }, Buffer.alloc(0)),
  () => Buffer.concat([randomBytes(40), Buffer.from('\r\n\r\n')]),
  () => Buffer.from('GET /v2 HTTP/1.1\r\n\r\n'),
  () => Buffer.from(`GET /v2 HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`),
  () =>
    Buffer.from(
      'POST /classify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ),
  () =>
    Buffer.from(
      'POST /classify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 999999999\r\nconnection: close\r\n\r\nx',
    ),
];

async function malformed() {
  const server = await startServer(
    [checkpoint, '--body-limit', '0.25', '--request-timeout', '2', '--no-drift'],
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

const measurements = { malformed, promotions, kills };
for (const name of names.length > 0 ? names : Object.keys(measurements)) await measurements[name]();
