import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { AuditLog } from '../../artifacts/audit.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import { currentKeyring, keepKeys } from '../../core/encryption/session.js';
import { asToolkitError, ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { readError } from '../../core/files.js';
import { readSecret } from '../../core/secrets.js';
import { executionMode, startChosenBackend } from '../../engine/backends/options.js';
import { warnOfNoEffect } from '../../engine/backends/unsupported-options.js';
import type { RecordAct } from '../../serving/http/administration.js';
import type { AppOptions } from '../../serving/http/app.js';
import { ServerMetrics } from '../../serving/metrics.js';
import type { SharedLimits } from '../../serving/batcher.js';
import { ServedModels } from '../../serving/models.js';
import { laneCount, type LoadModel } from '../../serving/predictor.js';
import { isLoopback } from '../../serving/security/addresses.js';
import { Authenticator } from '../../serving/security/authenticator.js';
import { TokenQuotas } from '../../serving/security/quotas.js';
import { startHttpServer, type HttpServer, type Shutdown } from '../../serving/server.js';
import { ClassificationService, countingObserver } from '../../serving/service.js';
import type { ModelSource } from '../../serving/source.js';
import { Turns } from '../../serving/turns.js';
import { ModelVersions } from '../../serving/versions.js';
import type { FeedbackFileOptions } from '../../serving/watching/feedback-file.js';
import { Monitor } from '../../serving/watching/monitor.js';
import { driftWatcher } from '../../serving/watching/watch-drift.js';
import { loadDecidingModel } from '../predict/load-deciding-model.js';
import { encryptedServiceFor } from './encrypted-service.js';
import { exampleFinder } from './examples.js';
import { tokensFileOption, type ServeOptions } from './serve-options.js';
import { findSources, type ServedSources } from './served-sources.js';

/** Models that are served. */
export interface RunningServer extends HttpServer {
  /** The name of the first. */
  model: string;
  /** The names of all. */
  models: string[];
  /** Looks for newly promoted versions now. */
  refresh: () => Promise<void>;
}

/** The result of a server that has stopped. */
export interface ServeResult extends Shutdown {
  url: string;
  /** The name of the first model. */
  model: string;
  models: string[];
  seconds: number;
}

/** Where the server writes, beside its events. */
export interface ServeOutput {
  /** Receives the log, a JSON object a line. */
  log: { write: (line: string) => void };
}

/** A client that neither sends nor reads for so long is cut off. */
const IDLE_TIMEOUT_MS = 120_000;
/** Bytes of bodies that are held at a time: 32 of the largest that are taken by default. */
const BODY_BUDGET = 256 * 2 ** 20;
const SAVE_COUNTS_MS = 1000;
/** Requests a second for each address, where other machines can connect. */
const PUBLIC_RATE_LIMIT = 100;

/**
 * Stage 6: serves models until the context is aborted, then drains.
 *
 * @param words what to serve, as `findSources` takes it
 *
 * Throws what `startServer` throws.
 */
export async function serve(
  words: readonly string[],
  options: ServeOptions,
  output: ServeOutput,
  context: StageContext = silentContext(),
): Promise<ServeResult> {
  const started = performance.now();
  const { url, model, models, stop } = await startServer(words, options, output, context);
  if (!context.signal.aborted) {
    await new Promise((resolve) => {
      context.signal.addEventListener('abort', resolve, { once: true });
    });
  }
  const { cutOff } = await stop();
  return { url, model, models, seconds: (performance.now() - started) / 1000, cutOff };
}

/**
 * Starts a server and returns when it listens and is ready. Throws TOKENS_MISSING, TOKENS_CORRUPT, SECRET_EXPOSED, ADDRESS_UNAVAILABLE,
 * USAGE, what the sources of the models throw, and what `startBackend` throws.
 *
 * @param words what to serve, as `findSources` takes it
 */
export async function startServer(
  words: readonly string[],
  options: ServeOptions,
  { log }: ServeOutput,
  context: StageContext = silentContext(),
): Promise<RunningServer> {
  const authenticator = await authenticatorFor(options, context);
  const tls = await tlsFor(options, context);
  const quotas = authenticator && new TokenQuotas(`${options.tokensFile}.usage`);
  await quotas?.load();
  const sources = await findSources(words, options);
  const maxImages = largestRequest(options, sources);
  // Of many cores, one stays with the event loop: it reads requests while a batch is computed.
  const cores = availableParallelism();
  const defaultThreads = Math.min(cores, Math.max(2, cores - 1));
  await startChosenBackend(options, context, { defaultThreads });
  const metrics = new ServerMetrics();
  const bodyLimit = Math.round(options.bodyLimit * 2 ** 20);
  const models = await modelsFor(sources, options, metrics, context);
  const encrypted = await encryptedServiceFor(options, context);
  const server = await startHttpServer({
    models,
    encrypted,
    app: {
      authenticator,
      metrics,
      idleTimeoutMs: Math.max(IDLE_TIMEOUT_MS, options.deadline + 10_000),
      trustedProxies: options.trustProxy,
      allowedOrigins: new Set(options.allowOrigin),
      basePath: options.basePath,
      requestTimeoutMs: options.requestTimeout * 1000,
      bodyBudget: Math.max(BODY_BUDGET, 4 * bodyLimit),
      rateLimit: options.rateLimit ?? (isLoopback(options.host) ? undefined : PUBLIC_RATE_LIMIT),
      tls,
      quotas,
      logger: options.logLevel === 'silent' ? false : { level: options.logLevel, stream: log, base: null },
    },
    limits: {
      bodyLimit,
      maxImages,
      maxPixels: options.maxPixels,
      waitMs: options.deadline,
    },
    record: recorderFor(options),
    examples: exampleFinder(options),
    context,
    feedbackRate: options.feedbackRate,
    host: options.host,
    port: options.port,
    drainDelayMs: options.drainDelay * 1000,
  });
  const { first, names } = models;
  const version = first.versions.roles.get('production') ?? '';
  context.emit({ event: 'listening', url: server.url, model: first.name, version, models: names });
  const running = followSources(server, models, options, context);
  return quotas ? keepCounts(running, quotas, context) : running;
}

/** Writes what tokens have used, every second and at the end. */
function keepCounts(running: RunningServer, quotas: TokenQuotas, { emit }: StageContext): RunningServer {
  let isWarned = false;
  const save = async (): Promise<void> => {
    await quotas.save().catch((error: unknown) => {
      if (isWarned) return;
      isWarned = true;
      const { code, message } = asToolkitError(error);
      const hint = 'quotas still apply, but a restart resets their counts';
      emit({ event: 'warning', code, message, hint });
    });
  };
  const timer = setInterval(() => void save(), SAVE_COUNTS_MS);
  return {
    ...running,
    async stop() {
      clearInterval(timer);
      const shutdown = await running.stop();
      await save();
      return shutdown;
    },
  };
}

/** Has the server follow its sources: new versions, and what drift is compared with. */
function followSources(
  { url, stop }: HttpServer,
  models: ServedModels,
  { drift, dataDir, reloadInterval }: ServeOptions,
  { emit }: StageContext,
): RunningServer {
  const { names, first } = models;
  const followed = [...models].map((service) => {
    const which = names.length > 1 ? `${service.name}: ` : '';
    const watchDrift = driftWatcher(service, dataDir, (reason) => {
      emit({ event: 'notice', message: `${which}drift is not measured: ${reason}` });
    });
    return async (): Promise<void> => {
      await service.versions.refresh();
      if (drift) await watchDrift();
    };
  });
  const refresh = keepKeys(async (): Promise<void> => {
    for (const follow of followed) await follow();
  });
  const timer = setInterval(() => void refresh(), reloadInterval * 1000);
  // The first comparison with the training data must not delay the first answer.
  void refresh();
  let stopping: Promise<Shutdown> | undefined;
  return {
    url,
    model: first.name,
    models: names,
    refresh,
    stop() {
      clearInterval(timer);
      return (stopping ??= stop());
    },
  };
}

/** The models of the sources, loaded one after the other. */
async function modelsFor(
  sources: ServedSources,
  options: ServeOptions,
  metrics: ServerMetrics,
  context: StageContext,
): Promise<ServedModels> {
  const all: ModelVersions[] = [];
  const turns = new Turns(laneCount());
  const make = (source: ModelSource): ClassificationService => {
    const queuedElsewhere = (): number =>
      all.reduce((sum, other) => sum + (other === versions ? 0 : other.queued), 0);
    const shared = sources.length > 1 ? { queuedElsewhere, turns } : undefined;
    const versions = versionsFor(source, options, metrics, shared, context);
    all.push(versions);
    const { window, minLiveAccuracy: minAccuracy } = options;
    const feedback = feedbackFor(options, source.name, sources.length, context);
    const monitor = new Monitor({ model: source.name, window, feedback, minAccuracy }, metrics.monitors);
    return new ClassificationService(versions, metrics, monitor, options.deadline);
  };
  const [first, ...others] = sources;
  const models = new ServedModels([make(first), ...others.map(make)]);
  for (const { versions } of models) await versions.start();
  metrics.watch(all);
  return models;
}

/** The images that a request may have: as many as can wait, and of several models none may fill the queue. Throws USAGE. */
function largestRequest({ maxQueue }: ServeOptions, { length }: ServedSources): number {
  if (length === 1) return maxQueue;
  if (maxQueue > length) return Math.floor(maxQueue / 2);
  throw new ToolkitError('USAGE', {
    message: `--max-queue ${maxQueue} leaves no room for ${length} models`,
    hint: `use --max-queue ${length + 1} or more`,
  });
}

/** Where labelled images are kept: of several models, in a folder for each, with an equal share of the space. */
function feedbackFor(
  options: ServeOptions,
  model: string,
  models: number,
  { emit }: StageContext,
): FeedbackFileOptions | undefined {
  const { feedbackDir, maxFeedback } = options;
  if (feedbackDir === undefined) return undefined;
  if (currentKeyring().encrypts && currentKeyring().isPassphrase) {
    throw new ToolkitError('ENCRYPTION_REFUSED', {
      reason: '--feedback-dir cannot be encrypted with a passphrase: each label would take a second',
      hint: 'make a key with "mnist keys generate FILE", and name its recipient with --encrypt-to',
    });
  }
  const onFull = (reason: string): void => {
    const hint = 'move feedback.jsonl away, or collect it and delete it; nothing has to be restarted';
    emit({ event: 'warning', code: 'FEEDBACK_FULL', message: `feedback is refused: ${reason}`, hint });
  };
  const folder = models > 1 ? join(feedbackDir, model) : feedbackDir;
  const maxBytes = Math.round((maxFeedback * 2 ** 20) / models);
  return { folder, maxBytes, isShared: areTokensNeeded(options), onFull };
}

function areTokensNeeded({ host, requireTokens }: ServeOptions): boolean {
  return !isLoopback(host) || requireTokens;
}

/** Checks tokens; undefined on loopback, where none is needed. Throws TOKENS_MISSING, TOKENS_CORRUPT or SECRET_EXPOSED. */
async function authenticatorFor(
  options: ServeOptions,
  context: StageContext,
): Promise<Authenticator | undefined> {
  const { emit } = context;
  const { host, tokensFile } = options;
  if (!areTokensNeeded(options)) {
    const isGiven = tokensFile !== tokensFileOption.parse(undefined);
    if (isGiven) warnOfNoEffect('--tokens-file', `${host} needs no tokens without --require-tokens`, context);
    return undefined;
  }
  const authenticator = new Authenticator(tokensFile);
  const { valid, slow } = await authenticator.count();
  if (valid === 0) throw new ToolkitError('TOKENS_MISSING', { host, path: tokensFile });
  if (slow > 0) {
    const which = `${slow} of ${valid} tokens in ${tokensFile}`;
    const advice = 'replace them: "mnist tokens create", then "mnist tokens revoke ID"';
    emit({ event: 'notice', message: `${which} have a slow hash of version 0.1; ${advice}` });
  }
  return authenticator;
}

async function tlsFor(
  { tlsCert, tlsKey, tlsClientCa }: ServeOptions,
  context: StageContext,
): Promise<AppOptions['tls']> {
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new ToolkitError('USAGE', {
      message: 'HTTPS needs a certificate and its key',
      hint: 'give both --tls-cert and --tls-key',
    });
  }
  const cert = await readBytes(tlsCert);
  const key = await readKey(tlsKey, context);
  return { cert, key, ca: tlsClientCa === undefined ? undefined : await readAuthority(tlsClientCa) };
}

/** The certificates of the authorities whose clients may connect: an empty list would let in those of any public authority. */
async function readAuthority(path: string): Promise<Buffer> {
  const bytes = await readBytes(path);
  try {
    // TLS would take nothing else, and then refuse every client.
    if (!bytes.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it is not PEM');
    new X509Certificate(bytes);
    return bytes;
  } catch (error) {
    const message = `${path}: not a certificate in PEM`;
    const hint = 'name the certificate of the authority that signs those of the clients with --tls-client-ca';
    throw new ToolkitError('USAGE', { message, hint }, { cause: error });
  }
}

async function readBytes(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw readError(error, path);
  });
}

/** A private key that others can change is refused; one that they can only read is used, with a warning. */
async function readKey(path: string, { emit }: StageContext): Promise<Buffer> {
  const key = await readSecret(path, ({ reason, remedy, isWritable }) => {
    if (isWritable) return false;
    emit({ event: 'warning', code: 'SECRET_EXPOSED', message: `${path}: ${reason}`, hint: remedy });
    return true;
  });
  if (key) return key;
  throw new ToolkitError('DATA_UNREADABLE', { path, reason: 'ENOENT' });
}

function versionsFor(
  source: ModelSource,
  options: ServeOptions,
  metrics: ServerMetrics,
  shared: SharedLimits | undefined,
  context: StageContext,
): ModelVersions {
  const { emit } = context;
  const { maxBatch, maxQueue, batchDelay: maxDelay, canary, shadow } = options;
  const { name: model } = source;
  const observer = countingObserver(model, metrics, {
    changed(role, version) {
      emit({ event: 'version', model, role, version: version ?? null });
    },
    refused(version, { code, message }) {
      const hint = 'what was served before is still served';
      emit({
        event: 'warning',
        code,
        message: `version ${version} of ${model} is refused: ${message}`,
        hint,
      });
    },
  });
  const traffic = { canary, shadow };
  const load: LoadModel = (checkpoint, images) => loadDecidingModel(checkpoint, images, options, context);
  const mode = executionMode(options);
  return new ModelVersions(source, { maxBatch, maxQueue, maxDelay, mode, traffic, shared }, load, observer);
}

/** Records administrative acts in the audit log, beside deploys and promotions. */
function recorderFor({ registryDir }: ServeOptions): RecordAct {
  const log = new AuditLog(new ModelRegistry(registryDir).auditFile);
  return async ({ action, model: subject, caller, address, requestId, details }) => {
    const flat = Object.fromEntries(
      Object.entries(details).map(([key, value]) => [
        key,
        typeof value === 'object' ? null : (value as string | number | boolean),
      ]),
    );
    await log.append({
      actor: caller,
      action: `serve ${action}`,
      subject,
      details: { ...flat, address, requestId },
    });
  };
}
