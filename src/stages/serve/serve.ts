import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

import type { FastifyInstance } from 'fastify';

import { AuditLog } from '../../artifacts/audit.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { messageOf,systemCodeOf,ToolkitError } from '../../core/errors.js';
import { silentContext,type StageContext } from '../../core/events.js';
import { readError } from '../../core/files.js';
import { PAGE_FOLDER,runtimeFiles } from '../../deployment/web/files.js';
import { registerAdministration,type RecordAct } from '../../serving/http/administration.js';
import { createApp,type AppOptions } from '../../serving/http/app.js';
import { registerClassify } from '../../serving/http/classify.js';
import { registerDocumentation } from '../../serving/http/documentation.js';
import { registerFeedback } from '../../serving/http/feedback.js';
import { registerHealth } from '../../serving/http/health.js';
import { registerInference } from '../../serving/http/inference.js';
import { registerOperations } from '../../serving/http/operations.js';
import { ServerMetrics } from '../../serving/metrics.js';
import { registerModelFile } from '../../serving/http/model-file.js';
import { filesOf,registerFiles } from '../../serving/page.js';
import { PicturePool } from '../../serving/picture-pool.js';
import { pictureReader } from '../../serving/read-picture.js';
import { isLoopback } from '../../serving/security/addresses.js';
import { Authenticator } from '../../serving/security/authenticator.js';
import { ClassificationService,countingObserver } from '../../serving/service.js';
import { CheckpointSource,RegistrySource,type ModelSource } from '../../serving/source.js';
import type { LoadModel } from '../../serving/predictor.js';
import { ModelVersions } from '../../serving/versions.js';
import { Monitor } from '../../serving/watching/monitor.js';
import { executionMode,startChosenBackend } from '../../engine/backends/options.js';
import { exportOnnx } from '../../deployment/onnx/export-checkpoint.js';
import { loadDecisionRule } from '../../evaluation/decisions/load-decision.js';
import { loadModel } from '../../models/load-model.js';
import { referenceFor } from '../../serving/watching/reference-for.js';
import type { ServeOptions } from './serve-options.js';
import { chooseModel } from '../registry/registry.js';

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, without a slash at the end. */
  url: string;
  model: string;
  /** Stops it: what has been begun is answered first. */
  stop: () => Promise<void>;
  /** Looks for a newly promoted version now. */
  refresh: () => Promise<void>;
}

/** What a server says when it has stopped. */
export interface ServeResult {
  url: string;
  model: string;
  seconds: number;
}

/** What a server needs beside its options. */
export interface ServeSurroundings {
  /** Receives the log, a JSON object a line. */
  log: { write: (line: string) => void };
}

/** How long requests that were begun may take after the server was told to stop. */
const DRAIN_MS = 10_000;
/** Requests a second for each address, where others than this machine can come. */
const PUBLIC_RATE_LIMIT = 100;

/**
 * Stage 6: serves a model until the context is aborted, and then drains.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`; undefined serves a model of the registry
 */
export async function serve(
  name: string | undefined,
  options: ServeOptions,
  surroundings: ServeSurroundings,
  context: StageContext = silentContext(),
): Promise<ServeResult> {
  const started = performance.now();
  const { url, model, stop } = await startServer(name, options, surroundings, context);
  if (!context.signal.aborted) {
    await new Promise((resolve) => {
      context.signal.addEventListener('abort', resolve, { once: true });
    });
  }
  await stop();
  return { url, model, seconds: (performance.now() - started) / 1000 };
}

/**
 * Starts a server and returns when it listens and is ready. Throws TOKENS_MISSING, TOKENS_CORRUPT, ADDRESS_UNAVAILABLE, what
 * the source of the model throws, and what `startBackend` throws.
 */
export async function startServer(
  name: string | undefined,
  options: ServeOptions,
  { log }: ServeSurroundings,
  context: StageContext = silentContext(),
): Promise<RunningServer> {
  const authenticator = await authenticatorFor(options);
  const tls = await tlsFor(options);
  const source = await sourceFor(name, options);
  // Of many cores, one stays with the event loop: it reads requests while a batch is computed.
  const cores = availableParallelism();
  const defaultThreads = Math.min(cores, Math.max(2, cores - 1));
  await startChosenBackend(options, context, { defaultThreads });
  const metrics = new ServerMetrics();
  const versions = versionsFor(source, options, metrics, context);
  await versions.start();
  metrics.watch(versions);
  const { window, feedbackDir: feedbackFolder, minLiveAccuracy: minAccuracy } = options;
  const monitor = new Monitor({ window, feedbackFolder, minAccuracy }, metrics.registry);
  const service = new ClassificationService(versions, metrics, monitor, options.deadline);
  let isStopping = false;
  const app = createApp({
    authenticator,
    metrics,
    bodyLimit: Math.round(options.bodyLimit * 2 ** 20),
    requestTimeoutMs: options.requestTimeout * 1000,
    rateLimit: options.rateLimit ?? (isLoopback(options.host) ? undefined : PUBLIC_RATE_LIMIT),
    tls,
    logger: options.logLevel === 'silent' ? false : { level: options.logLevel, stream: log, base: null },
    isStopping: () => isStopping,
  });
  const pictures = new PicturePool();
  await registerRoutes(app, service, pictures, metrics, recordActs(options, source.name), () => isStopping);
  await listen(app, options);
  const address = app.server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const url = `${tls ? 'https' : 'http'}://${host}:${port}`;
  const present = versions.roles.get('production') ?? '';
  context.emit({ event: 'listening', url, model: source.name, version: present });
  const compare = watchDrift(service, options, context);
  const refresh = async (): Promise<void> => {
    await versions.refresh();
    await compare();
  };
  const watch = setInterval(() => void refresh(), options.reloadInterval * 1000);
  // What does not keep anyone from being answered comes after the first answer.
  void refresh();
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    isStopping = true;
    clearInterval(watch);
    if (options.drainDelay > 0) await wait(options.drainDelay * 1000);
    await closeApp(app);
    await pictures.close();
    await versions.close();
    metrics.close();
  };
  return {
    url,
    model: source.name,
    refresh,
    stop: () => (stopping ??= stop()),
  };
}

/** Where others can come, a token is needed. */
async function authenticatorFor({
  host,
  requireTokens,
  tokensFile,
}: ServeOptions): Promise<Authenticator | undefined> {
  if (isLoopback(host) && !requireTokens) return undefined;
  const authenticator = new Authenticator(tokensFile);
  if ((await authenticator.count()) > 0) return authenticator;
  throw new ToolkitError('TOKENS_MISSING', { host, path: tokensFile });
}

async function tlsFor({ tlsCert, tlsKey }: ServeOptions): Promise<AppOptions['tls']> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new ToolkitError('USAGE', {
      message: 'HTTPS needs a certificate and its key',
      hint: 'give both --tls-cert and --tls-key',
    });
  }
  const read = (path: string): Promise<Buffer> =>
    readFile(path).catch((error: unknown) => {
      throw readError(error, path);
    });
  return { cert: await read(tlsCert), key: await read(tlsKey) };
}

async function sourceFor(name: string | undefined, options: ServeOptions): Promise<ModelSource> {
  if (name !== undefined) {
    const path = await resolveCheckpoint(name, options.checkpointsDir);
    return new CheckpointSource(options.name ?? 'mnist', path);
  }
  const registry = new ModelRegistry(options.registryDir);
  return new RegistrySource(registry, await chooseModel(registry, options.name));
}

function versionsFor(
  source: ModelSource,
  options: ServeOptions,
  metrics: ServerMetrics,
  { emit }: StageContext,
): ModelVersions {
  const { maxBatch, maxQueue, batchDelay: maxDelay, canary, shadow } = options;
  const observer = countingObserver(metrics, {
    changed(role, version) {
      emit({ event: 'version', role, version: version ?? null });
    },
    refused(version, { code, message }) {
      const hint = 'what was served before is still served';
      emit({ event: 'warning', code, message: `version ${version} is refused: ${message}`, hint });
    },
  });
  const traffic = { canary, shadow };
  const load: LoadModel = async (checkpoint) => {
    const rule = await loadDecisionRule(checkpoint.path, checkpoint.description, { emit });
    return { ...loadModel(checkpoint), rule };
  };
  const mode = executionMode(options);
  return new ModelVersions(source, { maxBatch, maxQueue, maxDelay, mode, traffic }, load, observer);
}

async function registerRoutes(
  app: FastifyInstance,
  service: ClassificationService,
  pictures: PicturePool,
  metrics: ServerMetrics,
  record: RecordAct,
  isStopping: () => boolean,
): Promise<void> {
  await registerDocumentation(app);
  registerFiles(app, await filesOf(PAGE_FOLDER));
  registerFiles(app, runtimeFiles(['webgpu', 'wasm']), '/runtime');
  await app.register((routes, _options, done) => {
    registerHealth(routes, service.versions, isStopping);
    registerInference(routes, service);
    registerClassify(routes, service, pictureReader(pictures));
    registerFeedback(routes, service);
    registerModelFile(routes, service.versions, exportOnnx);
    registerOperations(routes, service, metrics);
    registerAdministration(routes, service, record);
    done();
  });
}

/** Administrative acts go to the log that deploys and promotions are in. */
function recordActs({ registryDir }: ServeOptions, subject: string): RecordAct {
  const log = new AuditLog(new ModelRegistry(registryDir).auditFile);
  return async ({ action, caller, requestId, details }) => {
    const flat = Object.fromEntries(
      Object.entries(details).map(([key, value]) => [
        key,
        typeof value === 'object' ? null : (value as string | number | boolean),
      ]),
    );
    await log.append({
      actor: `token ${caller}`,
      action: `serve ${action}`,
      subject,
      details: { ...flat, requestId },
    });
  };
}

async function listen(app: FastifyInstance, { host, port }: ServeOptions): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const details = { address: `${host}:${port}`, reason: systemCodeOf(error) ?? messageOf(error) };
    throw new ToolkitError('ADDRESS_UNAVAILABLE', details, { cause: error });
  }
}

async function closeApp(app: FastifyInstance): Promise<void> {
  // A client that never ends its request must not keep the server for ever.
  const timer = setTimeout(() => {
    app.server.closeAllConnections();
  }, DRAIN_MS);
  await app.close();
  clearTimeout(timer);
}

/**
 * Compares requests with the training data of the version that is in production, from now on and each time another one takes its
 * place; returns what to call when that may have happened.
 */
function watchDrift(
  { versions, monitor }: ClassificationService,
  { dataDir, drift }: ServeOptions,
  context: StageContext,
): () => Promise<void> {
  let compared: string | undefined;
  return async () => {
    const version = versions.roles.get('production');
    if (!drift || version === undefined || version === compared) return;
    compared = version;
    let problem: string | undefined;
    const lease = versions.acquire(version);
    try {
      const { path } = await versions.checkpointOf(version);
      const reference = await referenceFor(lease, path, dataDir);
      if (typeof reference === 'string') problem = reference;
      else monitor.compareWith(reference);
    } catch (error) {
      problem = messageOf(error);
    } finally {
      lease.release();
    }
    if (problem === undefined) return;
    monitor.compareWith(undefined);
    context.emit({ event: 'notice', message: `drift is not measured: ${problem}` });
  };
}
