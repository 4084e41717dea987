// A server among people who mean harm: hostile requests of every kind (BENCH_REQUESTS, 200,000), mixed, beside good ones. Held are: no
// status from 500 on but 503 (OVERLOADED, which the server's queues answer by design), every refusal as JSON, an event-loop delay under
// 200 ms at p99.9, every good request answered, and memory back where it was. BENCH_KINDS, a pattern, chooses kinds by name.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { inferBytes, load } from './client.mjs';
import { exchange } from './exchange.mjs';
import { hostileRequests } from './hostile-requests.mjs';
import { residentMiB, startServer } from './server.mjs';

const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 200_000);
const KINDS = new RegExp(process.env.BENCH_KINDS ?? '');
const SENDERS = 16;
/** Requests that arrive a byte at a time, at once. */
const SLOW_SENDERS = 50;
const MAX_DELAY_MS = 200;
/** What memory may be above where it was: an allocator keeps some of what it once had. */
const MAX_GROWTH = 1.2;
const REST_MS = 10_000;

/** Runs it all; the figures, and which bars were held. */
export async function hostile(folder, checkpoint) {
  const place = mkdtempSync(join(tmpdir(), 'mnist-bench-hostile-'));
  const tokensFile = join(place, 'tokens.json');
  const { createToken } = await import('../../dist/serving/security/token-file.js');
  const tokenFor = async (role) =>
    (await createToken(tokensFile, { name: role, role, days: undefined })).token;
  const [bad, good, operator] = [await tokenFor('infer'), await tokenFor('infer'), await tokenFor('operate')];
  const words = ['--require-tokens', '--tokens-file', tokensFile, '--request-timeout', '5', '--no-drift'];
  const feedback = ['--feedback-dir', join(place, 'feedback'), '--max-feedback', '1'];
  const server = await startServer([checkpoint, '--name', 'mnist', ...words, ...feedback], folder, operator);
  try {
    return await attack(server, bad, good);
  } finally {
    await server.stop();
    rmSync(place, { recursive: true });
  }
}

async function attack(server, badToken, goodToken) {
  const kinds = hostileRequests(badToken).filter(({ name }) => KINDS.test(name));
  const order = kinds.flatMap((kind) => Array(kind.weight).fill(kind));
  const request = inferBytes(randomBytes(784), 1, { authorization: `Bearer ${goodToken}` });
  // What every kind leaves behind once, buffers and compiled code, is no growth.
  await load({ port: server.port, connections: 4, request, seconds: 5 });
  for (const kind of kinds) await exchange(server.port, kind.make(), kind);
  await wait(REST_MS);
  const before = await residentMiB(server.pid);
  await server.metrics();

  const record = newRecord();
  const began = performance.now();
  const stopGood = keepAsking(server.port, request);
  const memory = [];
  await sendAll(server, order, record, async () => memory.push(await residentMiB(server.pid)));
  const seconds = Math.round((performance.now() - began) / 1000);
  const goodOnes = await stopGood();
  const metrics = await server.metrics();
  await wait(REST_MS);
  await load({ port: server.port, connections: 4, request, seconds: 5 });
  const after = await residentMiB(server.pid);

  const delay = (quantile) =>
    Math.round(metrics.get(`mnist_event_loop_delay_seconds{quantile="${quantile}"}`) * 1e6) / 1000;
  const eventLoopMs = { p99: delay('0.99'), 'p99.9': delay('0.999'), max: delay('1') };
  return {
    ...{ sent: record.sent, kinds: kinds.length, seconds, statuses: Object.fromEntries(record.statuses) },
    ...{ unanswered: record.unanswered, wrong: record.wrong.length, examples: record.wrong.slice(0, 10) },
    ...{ good: goodOnes, eventLoopMs, residentMiB: { before, during: memory, after } },
    held: {
      answers: record.wrong.length === 0,
      eventLoop: eventLoopMs['p99.9'] < MAX_DELAY_MS,
      goodRequests: goodOnes.failures === 0 && goodOnes.notGood === (goodOnes.statuses[503] ?? 0),
      memory: after <= before * MAX_GROWTH,
    },
  };
}

function newRecord() {
  return { sent: 0, unanswered: 0, statuses: new Map(), wrong: [] };
}

function note(record, { name, hangUpMs }, { status, body }) {
  record.statuses.set(status, (record.statuses.get(status) ?? 0) + 1);
  if (status === 0) {
    // Whoever leaves gets no answer; everybody else is to get one.
    if (hangUpMs === undefined) record.wrong.push({ name, status });
    record.unanswered++;
    return;
  }
  const isFailure = status >= 500 && !(status === 503 && body.includes('"OVERLOADED"'));
  if (isFailure || (status >= 400 && !isJsonError(body)))
    record.wrong.push({ name, status, body: body.slice(0, 80) });
}

function isJsonError(body) {
  try {
    return typeof JSON.parse(body).error === 'string';
  } catch {
    return false;
  }
}

async function sendAll(server, order, record, everyTenth) {
  const slow = REQUESTS / 200;
  let left = REQUESTS - slow;
  const step = Math.ceil(left / 10);
  const sender = async () => {
    while (left > 0) {
      if (left-- % step === 0) await everyTenth();
      record.sent++;
      // Neither in turn, so that each kind meets every other, nor with a chance that a rerun cannot repeat.
      const kind = order[(record.sent * 7919) % order.length];
      note(record, kind, await exchange(server.port, kind.make(), kind));
    }
  };
  let slowLeft = slow;
  const slowSender = async () => {
    while (slowLeft-- > 0) {
      record.sent++;
      const bytes = Buffer.from(`GET /v2 HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'y'.repeat(500)}`);
      note(record, { name: 'slow' }, await exchange(server.port, bytes, { trickleMs: 100 }));
    }
  };
  const senders = (count, send) => Array.from({ length: count }, send);
  await Promise.all([...senders(SENDERS, sender), ...senders(SLOW_SENDERS, slowSender)]);
}

/** Sends good requests on four connections until it is told to stop. */
function keepAsking(port, request) {
  let isOver = false;
  const done = (async () => {
    const totals = { requests: 0, notGood: 0, failures: 0, statuses: {}, p99: 0 };
    while (!isOver) {
      const part = await load({ port, connections: 4, request, seconds: 1 });
      for (const key of ['requests', 'notGood', 'failures']) totals[key] += part[key];
      for (const [status, count] of Object.entries(part.statuses)) {
        totals.statuses[status] = (totals.statuses[status] ?? 0) + count;
      }
      totals.p99 = Math.max(totals.p99, part.p99);
    }
    return totals;
  })();
  return () => {
    isOver = true;
    return done;
  };
}
