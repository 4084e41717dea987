// A client that costs little, so that on a small machine the server is measured and not the client: one request as bytes, sent
// again and again on a few connections; of the answers the status, the length and the model's version are looked at.
import { connect } from 'node:net';

/** A request as it goes over the wire. */
export function requestBytes(method, path, headers, body) {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1'];
  for (const [name, value] of Object.entries({ ...headers, 'content-length': body.length })) {
    lines.push(`${name}: ${value}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

/** An inference request with one image as a binary tensor. */
export function inferBytes(pixels, count = 1, more = {}) {
  const json = Buffer.from(
    JSON.stringify({
      inputs: [
        {
          name: 'images',
          datatype: 'UINT8',
          shape: [count, 28, 28, 1],
          parameters: { binary_data_size: pixels.length },
        },
      ],
      outputs: [{ name: 'probabilities' }, { name: 'class' }],
    }),
  );
  const headers = {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': json.length,
    ...more,
  };
  return requestBytes('POST', '/v2/models/mnist/infer', headers, Buffer.concat([json, pixels]));
}

/** Sends requests on some connections until the time or the number is over. */
export async function load({
  port,
  connections,
  request,
  seconds = Infinity,
  requests = Infinity,
  onAnswer,
}) {
  const latencies = [];
  const statuses = new Map();
  let sent = 0;
  let failures = 0;
  const end = performance.now() + seconds * 1000;
  const one = () =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      let began = 0;
      let pending = Buffer.alloc(0);
      let isWaiting = false;
      const next = () => {
        if (performance.now() >= end || sent >= requests) return void socket.end();
        sent++;
        began = performance.now();
        isWaiting = true;
        socket.write(typeof request === 'function' ? request(sent) : request);
      };
      socket.on('connect', next);
      socket.on('data', (chunk) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        const headEnd = pending.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        const head = pending.toString('latin1', 0, headEnd);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (pending.length < headEnd + 4 + length) return;
        const status = Number(head.slice(9, 12));
        latencies.push(performance.now() - began);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        onAnswer?.(status, head, pending.subarray(headEnd + 4, headEnd + 4 + length));
        pending = Buffer.alloc(0);
        isWaiting = false;
        next();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (isWaiting) failures++;
        resolve();
      });
    });
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, one));
  const elapsed = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const quantile = (share) => latencies[Math.floor(share * (latencies.length - 1))];
  const good = statuses.get(200) ?? 0;
  return {
    requests: latencies.length,
    good,
    notGood: latencies.length - good,
    failures,
    perSecond: Math.round(latencies.length / elapsed),
    p50: Number(quantile(0.5)?.toFixed(2)),
    p99: Number(quantile(0.99)?.toFixed(2)),
    statuses: Object.fromEntries(statuses),
  };
}
