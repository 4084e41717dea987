import { once } from 'node:events';
import { connect } from 'node:net';

import { expect, it } from 'vitest';

import { unreadyServer } from '../support/unready-server.js';

it('counts the requests that it cuts off when it stops', async () => {
  const { url, stop } = await unreadyServer();
  expect((await fetch(`${url}/v2/health/live`)).status).toBe(200);
  expect((await fetch(`${url}/v2/health/ready`)).status).toBe(503);
  const port = Number(new URL(url).port);
  // The body never ends. Node.js answers "continue" when it has the headers, so the request has begun then.
  const head =
    'POST /classify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n';
  const sockets = await Promise.all(
    [1, 2].map(async () => {
      const socket = connect(port, '127.0.0.1');
      socket.write(head);
      await once(socket, 'data');
      return socket;
    }),
  );
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  expect(await stop()).toEqual({ cutOff: 2 });
  await closed;
});

it('cuts nothing off where every request was answered', async () => {
  const { url, stop } = await unreadyServer();
  await (await fetch(`${url}/v2/health/live`)).text();
  expect(await stop()).toEqual({ cutOff: 0 });
});
