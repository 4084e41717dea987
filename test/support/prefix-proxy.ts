import { createServer, request } from 'node:http';
import { once } from 'node:events';

import { onTestFinished } from 'vitest';

/** Starts a reverse proxy that serves a server below a path and takes that path away; returns the address of the path. */
export async function proxyBelow(path: string, target: string): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    if (!incoming.url!.startsWith(`${path}/`)) {
      outgoing.writeHead(404).end('the proxy has nothing here');
      return;
    }
    const { method, headers } = incoming;
    const passed = request(target + incoming.url!.slice(path.length), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const { port } = proxy.address() as { port: number };
  return `http://127.0.0.1:${port}${path}`;
}
