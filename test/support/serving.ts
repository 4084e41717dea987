import { join } from 'node:path';

import { inject, onTestFinished } from 'vitest';

import { writeCheckpoint } from '../../src/artifacts/checkpoint.js';
import { findPrepared, type PreparedData } from '../../src/artifacts/prepared.js';
import { silentContext, type ToolkitEvent } from '../../src/core/events.js';
import { startServer, type RunningServer } from '../../src/stages/serve/serve.js';
import { serveFields } from '../../src/stages/serve/serve-options.js';
import { checkpointDescription } from './checkpoints.js';
import { smallNet, startTensorFlow } from './training.js';

/** MNIST as the global setup prepared it. */
export async function preparedMnist(): Promise<PreparedData> {
  const data = await findPrepared(inject('smallDataDir'), 'mnist');
  if (!data) throw new Error('the global setup has prepared no MNIST');
  return data;
}

/**
 * Writes a checkpoint of a small net on MNIST that was not trained.
 *
 * @param likes a class that its last layer prefers, so that versions can be told apart by their answers
 */
export async function writeMnistCheckpoint(folder: string, run: string, likes: number): Promise<string> {
  await startTensorFlow();
  const { model, variables } = smallNet('sgd');
  const tensors = await variables.store();
  variables.dispose();
  const bias = [...tensors].findLast(([, { shape }]) => shape.length === 1 && shape[0] === 10)!;
  const values = new Float32Array(10);
  values[likes] = 100;
  tensors.set(bias[0], { ...bias[1], bytes: new Uint8Array(values.buffer) });
  const { fingerprint, classNames, shape } = await preparedMnist();
  const known = checkpointDescription();
  const path = join(folder, run, 'last.safetensors');
  await writeCheckpoint({
    path,
    tensors,
    description: {
      ...known,
      run,
      config: { model: 'mlp', hiddenLayers: [32, 16], activation: 'tanh' },
      model: { name: 'mlp', description: model.description, parameters: 1 },
      classNames,
      shape,
      data: { ...known.data, dataset: 'mnist', fingerprint },
    },
  });
  return path;
}

/** A server of the test's own, and what it told and logged. */
export interface TestServer extends RunningServer {
  events: ToolkitEvent[];
  log: string[];
}

/**
 * Starts a server on a free port of the loopback interface, and stops it when the test has finished.
 *
 * @param sources a checkpoint, which is served as "mnist", or the words of `mnist serve`; undefined serves the registry
 */
export async function serveForTest(
  sources: string | readonly string[] | undefined,
  options: Record<string, unknown> = {},
): Promise<TestServer> {
  const events: ToolkitEvent[] = [];
  const log: string[] = [];
  const running = await startServer(
    typeof sources === 'string' ? [sources] : (sources ?? []),
    serveFields.parse({
      port: 0,
      threads: 1,
      device: 'cpu',
      drift: false,
      ...(typeof sources === 'string' ? { name: 'mnist' } : {}),
      dataDir: inject('smallDataDir'),
      ...options,
    }),
    { log: { write: (line) => void log.push(line) } },
    silentContext({ emit: (event) => void events.push(event) }),
  );
  onTestFinished(async () => {
    await running.stop();
  });
  return { ...running, events, log };
}

/** An answer, read. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** Sends a request and reads the JSON of the answer. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

/** Sends an object as JSON. */
export function askJson(
  url: string,
  body: unknown,
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { headers, ...rest } = init;
  return ask(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
    ...rest,
  });
}

/** An inference request for images as JSON. */
export function inferenceRequest(pixels: Uint8Array, count: number): Record<string, unknown> {
  return {
    inputs: [{ name: 'images', datatype: 'UINT8', shape: [count, 28, 28, 1], data: Array.from(pixels) }],
  };
}
