import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

import type { FastifyInstance } from 'fastify';

import { once } from '../../core/concurrency.js';
import { sha256 } from '../../core/hashing.js';

/** Content types by extension; files of other kinds are not served. */
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

/** Static files: their paths by their names in URLs, or what gives the path when the file is first asked for. */
export type StaticFiles = ReadonlyMap<string, string | (() => Promise<string>)>;

/** The files of a folder; none where there is no such folder. */
export async function filesOf(folder: string): Promise<StaticFiles> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return new Map(
    entries.filter((entry) => entry.isFile()).map(({ name }) => [name, join(folder, name)] as const),
  );
}

/**
 * Serves files below a prefix, an index.html at the prefix itself. The list of files is fixed here, so a request cannot name another
 * path. Each file is read on its first request and kept.
 */
export function registerFiles(app: FastifyInstance, files: StaticFiles, prefix = ''): void {
  for (const [name, path] of files) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const read = once(async () => {
      const bytes = await readFile(typeof path === 'string' ? path : await path());
      return { bytes, tag: `"${sha256(bytes).slice(0, 32)}"` };
    });
    const urls = [`${prefix}/${name}`, ...(name === 'index.html' ? [`${prefix}/`] : [])];
    for (const url of urls) {
      app.get(url, { config: { role: 'infer' }, schema: { hide: true } }, async (request, reply) => {
        const { bytes, tag } = await read();
        // A browser may keep it, and asks each time whether it is still the same: megabytes of runtime need not come again.
        reply.header('cache-control', 'private, no-cache').header('etag', tag);
        if (request.headers['if-none-match'] === tag) return reply.code(304).send();
        return reply.type(type).send(bytes);
      });
    }
  }
}
