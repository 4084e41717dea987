import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

import { describe, expect, it, onTestFinished } from 'vitest';

import { BodyBudget } from '../../../../src/serving/http/guards/body-budget.js';
import { unreadyServer } from '../../../support/unready-server.js';

describe('the budget', () => {
  it('leaves half of what the others leave to each sender, and takes what is given back', () => {
    const budget = new BodyBudget(1000);
    budget.take('a', 500);
    expect(() => {
      budget.take('a', 1);
    }).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', retryAfter: 1 }) as Error);
    budget.take('b', 250);
    budget.take('c', 100);
    expect(() => {
      budget.take('d', 100);
    }).toThrow(expect.objectContaining({ code: 'OVERLOADED', status: 503, retryAfter: 1 }) as Error);
    expect(budget.held).toBe(850);
    budget.giveBack('a', 500);
    budget.take('d', 300);
    for (const [sender, bytes] of [
      ['b', 250],
      ['c', 100],
      ['d', 300],
    ] as const)
      budget.giveBack(sender, bytes);
    expect(budget.held).toBe(0);
  });

  it('is never exceeded, however many senders there are', () => {
    const budget = new BodyBudget(1000);
    for (let sender = 0; sender < 100; sender++) {
      for (let part = 0; part < 50; part++) {
        try {
          budget.take(String(sender), 20);
        } catch {
          // Refused.
        }
      }
    }
    expect(budget.held).toBeLessThanOrEqual(1000);
  });
});

const BODY = 200_000;

/** Opens a request of many bytes and sends some of them. */
async function begin(
  url: string,
  sent: number,
  headers = '',
  request = 'POST /classify',
): Promise<{ socket: Socket; answer: () => string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const head = `${request} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: image/png\r\n${headers}`;
  socket.write(`${head}content-length: ${BODY}\r\n\r\n`);
  socket.write(Buffer.alloc(sent, 7));
  return { socket, answer: () => received };
}

async function codeOf(url: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(`${url}/classify`, {
    method: 'POST',
    headers: { 'content-type': 'image/png', ...headers },
    body,
  });
  return ((await response.json()) as Record<string, unknown>)['code'];
}

describe('a server', () => {
  const options = { bodyBudget: 8 * BODY } as const;
  const limits = { bodyLimit: 4 * BODY };
  const whole = new Uint8Array(BODY);

  it('refuses large bodies beyond its budget with Retry-After, takes small ones, and goes on when they are gone', async () => {
    const { url, stop } = await unreadyServer(options, limits);
    onTestFinished(async () => {
      await stop();
    });
    // Whoever only announces bytes holds none.
    const silent = await Promise.all(Array.from({ length: 20 }, () => begin(url, 0)));
    // Without a model, a whole body is answered with "not ready".
    const bodyOf = async (): Promise<string> => {
      const { answer, socket } = await begin(url, BODY);
      await once(socket, 'data');
      return answer();
    };
    expect(await bodyOf()).toMatch(/no model is loaded/);
    const held = await Promise.all(Array.from({ length: 4 }, () => begin(url, BODY - 1)));
    await wait(200);
    const refused = await bodyOf();
    expect(refused).toMatch(/^HTTP\/1\.1 429 /);
    expect(refused).toMatch(/retry-after: 1/i);
    expect(refused).toMatch(/connection: close/i);
    expect(await codeOf(url, new Uint8Array(1000))).toBe('NOT_READY');
    for (const { socket } of held) socket.destroy();
    await expect.poll(bodyOf).toMatch(/no model is loaded/);
    for (const { socket } of silent) socket.destroy();
  });

  it('outlives connections that break within a body, whether a route reads it or not', async () => {
    const { url, stop } = await unreadyServer(options, limits);
    onTestFinished(async () => {
      await stop();
    });
    for (const request of ['POST /classify', 'GET /v2', 'GET /nothing', 'PUT /classify', 'POST /feedback']) {
      for (const coding of ['', 'content-encoding: gzip\r\n', 'content-encoding: x\r\n']) {
        const { socket } = await begin(url, BODY / 2, coding, request);
        socket.resetAndDestroy();
      }
    }
    await wait(200);
    expect(await codeOf(url, whole)).toBe('NOT_READY');
  });

  it('counts what a compressed body unpacks to', async () => {
    const { url, stop } = await unreadyServer({ bodyBudget: BODY }, limits);
    onTestFinished(async () => {
      await stop();
    });
    const packed = gzipSync(whole);
    expect(packed.length).toBeLessThan(1000);
    expect(await codeOf(url, packed, { 'content-encoding': 'gzip' })).toBe('RATE_LIMITED');
    expect(await codeOf(url, gzipSync(whole.subarray(0, BODY / 4)), { 'content-encoding': 'gzip' })).toBe(
      'NOT_READY',
    );
  });
});
