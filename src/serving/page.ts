import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

import type { FastifyInstance } from 'fastify';

/** What a browser is told of a file, by its extension; files of other kinds are not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.onnx': 'application/octet-stream',
  '.bin': 'application/octet-stream',
};

/**
 * Serves a folder of static files at `/`, its index.html at `/` itself. They are read once, now: a request chooses among them
 * and never opens a file. Where there is no such folder, nothing is served.
 */
export async function registerPage(app: FastifyInstance, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    const relative = path.slice(folder.length).replaceAll('\\', '/').replace(/^\/?/, '/');
    const urls = relative === '/index.html' ? ['/', relative] : [relative];
    for (const url of urls) {
      app.get(url, { config: { role: 'infer' }, schema: { hide: true } }, (_request, reply) =>
        reply.type(type).send(bytes),
      );
    }
  }
}
