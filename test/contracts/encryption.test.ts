import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { encryptionFields } from '../../src/core/encryption/options.js';
import { targets } from '../../src/deployment/targets/index.js';

/*
 * What one stage hands to another is read and written by core/encryption alone, so that all of it can be encrypted: no other code of the stages
 * opens a file, but for the ones below.
 */

/** The files that open files themselves, and why those are none that are encrypted. */
const OPENS: Readonly<Record<string, string>> = {
  'artifacts/audit.ts': 'the log is public, and is continued',
  'artifacts/event-file.ts': 'TensorBoard reads it; encrypted runs have none',
  'artifacts/foreign/identify.ts': 'looks at the first bytes of foreign files',
  'artifacts/log/lines.ts': 'lines of the audit log',
  'data/collection/archives/member-folder.ts': 'unpacks a source; refused where files are encrypted',
  'data/collection/archives/npy-folder.ts': 'a source',
  'data/collection/archives/unpack-tar.ts': 'a source',
  'data/collection/class-names.ts': 'a list that a person wrote',
  'data/collection/foreign-source.ts': 'a source',
  'data/collection/ingest.ts': 'a source',
  'data/collection/obtain.ts': 'a source',
  'data/collection/source-bytes.ts': 'a source',
  'data/collection/source-files.ts': 'a source',
  'data/collection/tables/table-text.ts': 'a source',
  'deployment/docker/plugins.ts': 'copies a program that a person wrote',
  'deployment/tflite/litert.ts': 'a script of a published runtime, whose hash is checked',
  'deployment/targets/web.ts': 'copies this package’s own files; refused where files are encrypted',
  'reports/drawing/page-script.ts': 'this package’s own file',
  'serving/http/static-files.ts': 'this package’s own files',
  'serving/watching/feedback-file.ts': 'is continued: each line is encrypted by itself',
  'serving/watching/feedback-shares.ts': 'reads the lines as they are, encrypted or not',
  'stages/calibrate/calibrate.ts': 'a table that a person wrote',
  'stages/serve/serve.ts': 'a certificate',
  'stages/train/class-weights-file.ts': 'a list that a person wrote',
};

const ROOMS = [
  'artifacts',
  'data',
  'deployment',
  'evaluation',
  'models',
  'reports',
  'serving',
  'stages',
  'training',
];
const OPENING = /^(readFile|writeFile|appendFile|copyFile|open|createReadStream|createWriteStream)(Sync)?$/;

function opensFiles(path: string): boolean {
  const imports = readFileSync(join('src', path), 'utf8').matchAll(
    /^import (?:\{([^}]*)\}|[^{]*) from 'node:fs(?:\/promises)?';/gm,
  );
  return [...imports].some(
    ([, names]) =>
      names === undefined ||
      names.split(',').some((name) =>
        OPENING.test(
          name
            .trim()
            .replace(/^type /, '')
            .split(' as ')[0]!,
        ),
      ),
  );
}

it('no other code opens files', () => {
  const files = ROOMS.flatMap((room) =>
    readdirSync(join('src', room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${room}/${name}`),
  );
  expect(files.filter(opensFiles).sort()).toEqual(Object.keys(OPENS).sort());
});

it('targets that other programs read as they are cannot be encrypted', () => {
  const encryptable = [...targets].filter(({ isEncryptable }) => isEncryptable).map(({ name }) => name);
  expect(encryptable).toEqual(expect.arrayContaining(['registry', 'onnx']));
  for (const name of ['savedmodel', 'web', 'docker']) expect(encryptable).not.toContain(name);
});

it('the options have no default that would encrypt or decrypt by itself', () => {
  expect(encryptionFields.parse({})).toEqual({});
});
