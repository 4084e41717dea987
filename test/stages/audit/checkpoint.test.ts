import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { AuditLog } from '../../../src/artifacts/audit.js';
import { ModelRegistry } from '../../../src/artifacts/model-registry.js';
import type { LogHeadOptions } from '../../../src/stages/audit/audit-options.js';
import { takeCheckpoint } from '../../../src/stages/audit/checkpoint.js';
import { checkProof, prove, verifyKept } from '../../../src/stages/audit/kept-checkpoints.js';
import { createKeys } from '../../../src/stages/signing/signing.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { startWitness } from '../../support/witness.js';

interface Place {
  folder: string;
  log: AuditLog;
  options: LogHeadOptions;
  /** A file elsewhere. */
  kept: string;
  publicKey: string;
}

async function place(lines = 5): Promise<Place> {
  const folder = await temporaryFolder();
  const registryDir = join(folder, 'models');
  const log = new AuditLog(new ModelRegistry(registryDir).auditFile);
  const { privateKey, publicKey } = await createKeys(join(folder, 'auditor.pem'), 'ed25519');
  const kept = join(folder, 'elsewhere');
  const lists = { witness: [kept], witnessKey: [], verifyKey: [publicKey] };
  const options = { signKey: privateKey, origin: undefined, from: undefined, registryDir, ...lists };
  const made = { folder, log, options, kept, publicKey };
  await append(made, lines);
  return made;
}

async function append({ log }: Pick<Place, 'log'>, lines: number): Promise<void> {
  for (let line = 0; line < lines; line++)
    await log.append({ actor: 'tester', action: 'note', subject: `${line}`, details: {} });
}

describe('a checkpoint', () => {
  it('is signed, kept elsewhere, and proves later that the log only grew', async () => {
    const here = await place();
    const taken = await takeCheckpoint(here.options);
    expect(taken).toMatchObject({ size: 5, cosigned: [] });
    expect(taken.origin).toMatch(/^mnist-train\/[0-9a-f]{16}$/);
    expect(await readFile(here.kept, 'utf8')).toBe(taken.checkpoint);
    await append(here, 3);
    expect(await verifyKept(here.options)).toEqual([{ file: here.kept, size: 5, signers: [taken.origin] }]);
    expect(await takeCheckpoint(here.options)).toMatchObject({ size: 8, origin: taken.origin });
  });

  it('of a log that was restored from an older copy is neither accepted nor signed', async () => {
    const here = await place();
    const copy = join(here.folder, 'copy');
    await cp(here.options.registryDir, copy, { recursive: true });
    await append(here, 1);
    await takeCheckpoint(here.options);
    await cp(copy, here.options.registryDir, { recursive: true });
    await here.log.verify();
    for (const refused of [() => verifyKept(here.options), () => takeCheckpoint(here.options)]) {
      const { message, exitCode } = await toolkitError('AUDIT_BROKEN', refused);
      expect(message).toContain('the end was cut off');
      expect(exitCode).toBe(3);
    }
    // Lines that were added since do not hide it.
    await append(here, 3);
    await rm(`${here.log.path}.checkpoint`);
    const { message } = await toolkitError('AUDIT_BROKEN', verifyKept(here.options));
    expect(message).toContain('rewritten');
    await toolkitError('AUDIT_BROKEN', takeCheckpoint(here.options));
  });

  it('that was edited, or signed by another key, is refused', async () => {
    const here = await place();
    await takeCheckpoint(here.options);
    const note = await readFile(here.kept, 'utf8');
    const { publicKey } = await createKeys(join(here.folder, 'other.pem'), 'ed25519');
    const wrongKey = verifyKept({ ...here.options, verifyKey: [publicKey] });
    expect((await toolkitError('LOG_CHECKPOINT_REFUSED', wrongKey)).exitCode).toBe(6);
    for (const wrong of [note.replace('\n5\n', '\n4\n'), note.replace('— ', '— x'), note.slice(0, 50), '']) {
      await writeFile(here.kept, wrong);
      await toolkitError('LOG_CHECKPOINT_REFUSED', verifyKept(here.options));
    }
    await rm(here.kept);
    await toolkitError('DATA_MISSING', verifyKept(here.options));
  });

  it('keeps the signatures of all who signed the same head', async () => {
    const here = await place();
    await takeCheckpoint(here.options);
    const second = await createKeys(join(here.folder, 'second.pem'), 'ed25519');
    await takeCheckpoint({ ...here.options, signKey: second.privateKey });
    for (const key of [here.publicKey, second.publicKey])
      expect(await verifyKept({ ...here.options, verifyKey: [key] })).toHaveLength(1);
  });

  it('needs the right keys', async () => {
    const here = await place();
    await toolkitError('USAGE', takeCheckpoint({ ...here.options, signKey: undefined }));
    await toolkitError('USAGE', verifyKept({ ...here.options, verifyKey: [] }));
    await toolkitError('USAGE', verifyKept({ ...here.options, witness: [] }));
    const ecdsa = await createKeys(join(here.folder, 'ecdsa.pem'), 'p256');
    const wrong = takeCheckpoint({ ...here.options, signKey: ecdsa.privateKey });
    expect((await toolkitError('SIGNING_KEY_UNUSABLE', wrong)).message).toContain('Ed25519');
    await toolkitError('SIGNING_KEY_UNUSABLE', verifyKept({ ...here.options, verifyKey: [ecdsa.publicKey] }));
  });
});

describe('a witness with an address', () => {
  it('signs what extends the log that it has seen, and nothing else', async () => {
    const here = await place();
    const witness = await startWitness();
    const witnessKey = join(here.folder, 'witness.vkey');
    await writeFile(witnessKey, `${witness.verifier}\n`);
    const options = { ...here.options, witness: [here.kept, witness.url], witnessKey: [witnessKey] };
    await takeCheckpoint(options);
    await append(here, 2);
    // The registry's own checkpoint is lost: the witness says what it has seen.
    await rm(`${here.log.path}.checkpoint`);
    await takeCheckpoint(options);
    expect(witness.seen?.size).toBe(7);
    const bySigner = await verifyKept({ ...here.options, verifyKey: [witnessKey] });
    expect(bySigner).toMatchObject([{ size: 7, signers: ['witness.example/w1'] }]);
    const before = await readFile(here.kept, 'utf8');

    witness.seen = { size: 7, root: Buffer.alloc(32) };
    await append(here, 1);
    const { message } = await toolkitError('WITNESS_REFUSED', takeCheckpoint(options));
    expect(message).toContain('does not extend');
    witness.seen = { size: 99, root: Buffer.alloc(32) };
    await toolkitError('AUDIT_BROKEN', takeCheckpoint(options));
    expect(await readFile(here.kept, 'utf8')).toBe(before);
  });

  it('that is not there, has no key or another one, is an error', async () => {
    const here = await place();
    const witness = await startWitness();
    const other = join(here.folder, 'other.vkey');
    await writeFile(other, (await startWitness('other.example')).verifier);
    const options = { ...here.options, witness: [witness.url], witnessKey: [other] };
    await toolkitError('USAGE', takeCheckpoint({ ...options, witnessKey: [] }));
    expect((await toolkitError('WITNESS_REFUSED', takeCheckpoint(options))).message).toContain(
      '--witness-key',
    );
    const gone = takeCheckpoint({ ...options, witness: ['http://127.0.0.1:1/'] });
    expect((await toolkitError('WITNESS_REFUSED', gone)).message).toContain('does not answer');
  });
});

describe('a proof', () => {
  it('shows a line to somebody who has neither log nor registry', async () => {
    const here = await place();
    const { origin } = await takeCheckpoint(here.options);
    await append(here, 1);
    const file = join(here.folder, 'line.tlog-proof');
    for (const line of [1, 3, 5]) {
      await writeFile(file, await prove(line, here.options));
      const proof = await checkProof(file, here.options);
      expect(proof).toMatchObject({ sequence: line, signers: [origin] });
      expect(JSON.parse(proof.line)).toMatchObject({ sequence: line, subject: `${line - 1}` });
    }
    const text = await readFile(file, 'utf8');
    for (const wrong of [text.replace('index 4', 'index 3'), text.replace('extra ', 'extra AAAA'), 'text']) {
      await writeFile(file, wrong);
      await toolkitError('LOG_CHECKPOINT_REFUSED', checkProof(file, here.options));
    }
    await toolkitError('USAGE', prove(6, here.options));
    await toolkitError('USAGE', prove(undefined, here.options));
    expect(await prove(undefined, { ...here.options, from: 3 })).toMatch(/^old 3\n/);
  });
});
