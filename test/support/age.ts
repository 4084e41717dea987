import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface AgeFixture {
  passphrase: string;
  identities: string[];
  recipients: string[];
  protectedIdentity: string;
  files: Record<string, { size: number; age: string }>;
}

/** Files that the program age wrote (bench/fixtures/make_age_fixture.py), with their keys. */
export const ageFixture = JSON.parse(
  readFileSync(new URL('../fixtures/age.json', import.meta.url), 'utf8'),
) as AgeFixture;

/** What the files of the fixture hold. */
export function ageContent(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251));
}

/** Writes a key file that only its owner can read. */
export async function writeKeyFile(folder: string, text: string, mode = 0o600): Promise<string> {
  const path = join(folder, `key-${Math.random()}.txt`);
  await writeFile(path, text, { mode });
  return path;
}
