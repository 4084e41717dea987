import { join } from 'node:path';

import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { namesIfThere, readTextWithin, writePublicAtomically } from '../../core/files.js';
import { sha256 } from '../../core/hashing.js';
import { envelopeOf, envelopeSchema, type Envelope } from '../../core/signing/dsse.js';
import { complaintOf } from '../../core/validation.js';
import { versionName, type ModelRegistry } from '../model-registry.js';
import { IN_TOTO_TYPE, STATEMENT_TYPE } from '../signing/statement.js';

const PREDICATE = 'urn:mnist-train:promotion:v1';
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const predicateSchema = z.strictObject({
  model: z.string(),
  version: z.int().min(1),
  alias: z.literal('production'),
  action: z.enum(['promote', 'rollback']),
  /** The version in production before. */
  before: z.int().min(1).nullable(),
  /** Whether the quality gate refused it. */
  forced: z.boolean(),
  /** The policy under which it is approved. */
  policy: z.strictObject({ version: z.int().min(1), sha256: hash }),
  /** The last line of the audit log when it was proposed: the approval is for what followed from there alone. */
  log: z.strictObject({ sequence: z.int().min(1), hash }),
  createdAt: z.iso.datetime(),
});

const promotionSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.tuple([z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: hash }) })]),
  predicateType: z.literal(PREDICATE),
  predicate: predicateSchema,
});

/** What approvers sign. */
export type PromotionTerms = z.infer<typeof predicateSchema>;

/** A proposed or approved change of what is in production. */
export interface PromotionStatement {
  terms: PromotionTerms;
  /** The SHA-256 of the version's manifest, which holds those of all its files. */
  manifest: string;
  /** The SHA-256 of its signed bytes, which is its name. */
  digest: string;
  envelope: Envelope;
}

const MAX_BYTES = 2 ** 20;

/** A statement without signatures. */
export function newPromotion(terms: PromotionTerms, manifest: string): PromotionStatement {
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: subjectOf(terms), digest: { sha256: manifest } }],
    predicateType: PREDICATE,
    predicate: terms,
  };
  const payload = Buffer.from(JSON.stringify(statement, undefined, 2));
  return { terms, manifest, digest: sha256(payload), envelope: envelopeOf(IN_TOTO_TYPE, payload) };
}

/** The statements of a model, signed by some or by enough. Throws MODEL_CORRUPT or DATA_UNREADABLE. */
export async function promotionsOf(registry: ModelRegistry, name: string): Promise<PromotionStatement[]> {
  const names = (await namesIfThere(folderOf(registry, name))) ?? [];
  const digests = names
    .map((file) => /^([0-9a-f]{64})\.json$/.exec(file)?.[1])
    .filter((digest) => digest !== undefined);
  const found = await Promise.all(digests.map((digest) => readPromotion(registry, name, digest)));
  return found.filter((promotion) => promotion !== undefined);
}

/** Reads a statement; undefined if it is not there. Throws MODEL_CORRUPT or DATA_UNREADABLE. */
export async function readPromotion(
  registry: ModelRegistry,
  name: string,
  digest: string,
): Promise<PromotionStatement | undefined> {
  const path = fileOf(registry, name, digest);
  const text = await readTextWithin(path, MAX_BYTES);
  if (text === undefined) return undefined;
  try {
    const envelope = envelopeSchema.parse(JSON.parse(text));
    const payload = Buffer.from(envelope.payload, 'base64');
    if (envelope.payloadType !== IN_TOTO_TYPE) throw new Error(`its payload is ${envelope.payloadType}`);
    if (sha256(payload) !== digest) throw new Error('it is not the statement that its name says');
    const { predicate: terms, subject } = promotionSchema.parse(JSON.parse(payload.toString('utf8')));
    if (subject[0].name !== subjectOf(terms)) throw new Error('it names two versions');
    return { terms, manifest: subject[0].digest.sha256, digest, envelope };
  } catch (error) {
    throw new ToolkitError('MODEL_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}

/** Writes a statement with its signatures. Throws storage errors. */
export async function writePromotion(
  registry: ModelRegistry,
  { terms, digest, envelope }: PromotionStatement,
): Promise<void> {
  await writePublicAtomically(
    fileOf(registry, terms.model, digest),
    `${JSON.stringify(envelope, undefined, 2)}\n`,
  );
}

function subjectOf({ model, version }: PromotionTerms): string {
  return versionName({ name: model, version });
}

function folderOf({ folder }: ModelRegistry, name: string): string {
  return join(folder, name, 'promotions');
}

function fileOf(registry: ModelRegistry, name: string, digest: string): string {
  return join(folderOf(registry, name), `${digest}.json`);
}
