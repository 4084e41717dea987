import type { KeyObject } from 'node:crypto';
import { basename, join, relative, resolve, sep } from 'node:path';

import { ToolkitError } from '../../core/errors.js';
import { isFolder, readTextWithin, writePublicAtomically } from '../../core/files.js';
import { sha256 } from '../../core/hashing.js';
import { isSignedBy, signPayload } from '../../core/signing/dsse.js';
import { keyId, shortKeyId, type PrivateKey } from '../../core/signing/keys.js';
import { complaintOf } from '../../core/validation.js';
import { resourcesOf } from './folder-files.js';
import {
  BUNDLE_TYPE,
  bundleSchema,
  GIT_PATHS,
  IN_TOTO_TYPE,
  PREDICATE_TYPE,
  SIGNATURE_FILE,
  STATEMENT_TYPE,
  statementSchema,
  type Bundle,
  type ModelStatement,
  type Resource,
} from './statement.js';

/** Enough for some 100,000 files. */
const MAX_BYTES = 32 * 2 ** 20;
/** How many differences a message names. */
const MOST_NAMED = 5;

/** What a signature says, once it is verified. */
export interface VerifiedModel {
  /** The signed name of the model. */
  name: string;
  /** The SHA-256 over the digests of all files. */
  digest: string;
  files: number;
  /** The id of the key that signed it. */
  key: string;
  /** Paths that the signer left out. */
  ignored: string[];
}

/** Where a folder's signature is, unless another place is named. */
export function signaturePath(folder: string): string {
  return join(folder, SIGNATURE_FILE);
}

/**
 * Signs all files of a folder with an ECDSA key, as OpenSSF Model Signing 1.0 does, and writes the signature. Throws
 * SIGNATURE_INVALID for links and for a folder that does not exist, DATA_UNREADABLE and storage errors.
 *
 * @param file the signature; inside the folder, it is left out of what is signed
 * @param name the signed name; left out, the folder's
 */
export async function signModel(
  folder: string,
  key: PrivateKey,
  file = signaturePath(folder),
  name = basename(resolve(folder)),
): Promise<VerifiedModel> {
  await requireFolder(folder);
  const own = pathInside(folder, file);
  const ignored = [...(own === undefined ? [] : [own]), ...GIT_PATHS];
  const resources = await resourcesOf(folder, ignored);
  const digest = rootOf(resources);
  const statement: ModelStatement = {
    _type: STATEMENT_TYPE,
    subject: [{ name, digest: { sha256: digest } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      serialization: {
        method: 'files',
        hash_type: 'sha256',
        allow_symlinks: false,
        ignore_paths: ignored,
      },
      resources,
    },
  };
  await writePublicAtomically(file, `${JSON.stringify(bundleOf(statement, key))}\n`);
  return { name, digest, files: resources.length, key: keyId(key.publicKey), ignored };
}

function bundleOf(statement: ModelStatement, key: PrivateKey): object {
  const payload = Buffer.from(JSON.stringify(statement, undefined, 2));
  const sig = signPayload(IN_TOTO_TYPE, payload, key).toString('base64');
  return {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { publicKey: { hint: keyId(key.publicKey) }, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: IN_TOTO_TYPE,
      signatures: [{ sig, keyid: '' }],
    },
  };
}

/**
 * Checks that a folder has the very files that were signed, and that one of some keys signed them. Throws SIGNATURE_MISSING,
 * SIGNATURE_INVALID or DATA_UNREADABLE.
 */
export async function verifyModel(
  folder: string,
  keys: readonly KeyObject[],
  file = signaturePath(folder),
): Promise<VerifiedModel> {
  await requireFolder(folder);
  const { bundle, key } = await readSignature(file, keys);
  const statement = parseStatement(file, bundle);
  const { serialization, resources } = statement.predicate;
  const [{ name, digest }] = statement.subject;
  if (serialization.method !== 'files' || serialization.hash_type !== 'sha256') {
    const { method, hash_type: hash } = serialization;
    throw invalid(file, `it hashes ${method} with ${hash}; only files with sha256 can be verified`);
  }
  if (rootOf(resources) !== digest.sha256)
    throw invalid(file, 'its digest is not that of the files it lists');
  const own = pathInside(folder, file);
  const ignored = [...serialization.ignore_paths, ...(own === undefined ? [] : [own])];
  requireSame(folder, resources, await resourcesOf(folder, ignored));
  const left = serialization.ignore_paths.filter((path) => path !== own && !isGitPath(path));
  return { name, digest: digest.sha256, files: resources.length, key: keyId(key), ignored: left };
}

async function readSignature(
  file: string,
  keys: readonly KeyObject[],
): Promise<{ bundle: Bundle; key: KeyObject }> {
  const bundle = await readBundle(file);
  const { dsseEnvelope: envelope, verificationMaterial } = bundle;
  if (envelope.payloadType !== IN_TOTO_TYPE) throw invalid(file, `its payload is ${envelope.payloadType}`);
  if (envelope.signatures.length !== 1)
    throw invalid(file, `it has ${envelope.signatures.length} signatures; one is needed`);
  const { hint } = verificationMaterial.publicKey;
  const key = keys.find((known) => keyId(known) === hint);
  if (!key) throw invalid(file, `it was made with another key (${shortKeyId(hint)})`);
  if (!isSignedBy(envelope, key)) throw invalid(file, 'the signature does not match what it signs');
  return { bundle, key };
}

async function readBundle(file: string): Promise<Bundle> {
  const text = await readTextWithin(file, MAX_BYTES);
  if (text === undefined) throw new ToolkitError('SIGNATURE_MISSING', { path: file });
  try {
    return bundleSchema.parse(JSON.parse(text));
  } catch (error) {
    throw invalid(file, `not a Sigstore bundle with a key: ${complaintOf(error)}`, error);
  }
}

function parseStatement(file: string, { dsseEnvelope }: Bundle): ModelStatement {
  try {
    return statementSchema.parse(JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString('utf8')));
  } catch (error) {
    throw invalid(file, `not a statement of OpenSSF Model Signing 1.0: ${complaintOf(error)}`, error);
  }
}

function requireSame(folder: string, signed: readonly Resource[], found: readonly Resource[]): void {
  const now = new Map(found.map(({ name, digest }) => [name, digest]));
  const known = new Set(signed.map(({ name }) => name));
  const differences = [
    ...signed.filter(({ name }) => !now.has(name)).map(({ name }) => `${name} is missing`),
    ...signed
      .filter(({ name, digest }) => now.has(name) && now.get(name) !== digest)
      .map(({ name }) => `${name} was changed`),
    ...found.filter(({ name }) => !known.has(name)).map(({ name }) => `${name} was added`),
  ];
  if (differences.length === 0) return;
  const more = differences.length - MOST_NAMED;
  const named = differences.slice(0, MOST_NAMED).join(', ');
  throw invalid(folder, `differs from what was signed: ${named}${more > 0 ? `, and ${more} more` : ''}`);
}

/** The digest of a model: over the digests of its files, in the order in which they are listed. */
function rootOf(resources: readonly Resource[]): string {
  return sha256(...resources.map(({ digest }) => Buffer.from(digest, 'hex')));
}

/** The path of a file inside a folder, with slashes; undefined outside. */
function pathInside(folder: string, file: string): string | undefined {
  const path = relative(resolve(folder), resolve(file));
  return path === '' || path === '..' || path.startsWith(`..${sep}`) ? undefined : path.split(sep).join('/');
}

function isGitPath(path: string): boolean {
  return (GIT_PATHS as readonly string[]).includes(path);
}

async function requireFolder(folder: string): Promise<void> {
  if (!(await isFolder(folder))) throw invalid(folder, 'there is no such folder');
}

function invalid(path: string, reason: string, cause?: unknown): ToolkitError {
  return new ToolkitError('SIGNATURE_INVALID', { path, reason }, { cause });
}
