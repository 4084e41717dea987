// Packs small cases as fixtures of the tests: node pack.mjs FOLDER CASE…
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const [folder, ...names] = process.argv.slice(2);
for (const name of names) {
  const files = Object.fromEntries(
    readdirSync(join(folder, name)).map((file) => {
      const packed = gzipSync(readFileSync(join(folder, name, file)), { level: 9 }).toString('base64');
      return [file, packed.match(/.{1,120}/g)];
    }),
  );
  const place = fileURLToPath(new URL(`../../test/fixtures/imports/${name}.json`, import.meta.url));
  writeFileSync(place, `${JSON.stringify(files, undefined, 1)}\n`);
}
