import type { AbstentionReason } from '../evaluation/decisions/decide.js';
import { isDense, type PageModel } from '../deployment/web/page-model.js';
import type { BrowserModel } from './browser-model.js';
import { denseModel } from './dense-model.js';
import { onnxModel } from './onnx-model.js';

/** The server's prediction for an image. */
export interface ServerAnswer {
  /** The predicted class; null where the model abstains. */
  label: string | null;
  /** The best guess where the model abstains. */
  candidate: string | null;
  probabilities: Record<string, number>;
  version: string;
  reason: AbstentionReason | null;
}

/** The model that the page's address names; without one, the server takes its first. */
const MODEL = new URLSearchParams(location.search).get('model');

/** An address of the server for that model. */
function ofModel(path: string): string {
  return MODEL === null ? path : `${path}?${new URLSearchParams({ model: MODEL }).toString()}`;
}

/** Asks the server to classify an image. Throws an Error with the server's message. */
export async function askServer(picture: Blob, signal: AbortSignal): Promise<ServerAnswer> {
  const response = await fetch(ofModel('classify'), {
    method: 'POST',
    body: picture,
    headers: { 'content-type': 'image/png' },
    signal,
  });
  await requireAnswer(response);
  return (await response.json()) as ServerAnswer;
}

/** Fetches the description of the served model. Throws an Error with the server's message. */
export async function fetchDescription(): Promise<PageModel> {
  const response = await fetch(ofModel('model/description'));
  await requireAnswer(response);
  return (await response.json()) as PageModel;
}

/** Fetches the served model, to run it in the browser. Throws an Error that says why it cannot. */
export async function fetchBrowserModel(model: PageModel): Promise<BrowserModel> {
  const response = await fetch(ofModel(isDense(model) ? 'model/parameters' : 'model/onnx'));
  await requireAnswer(response);
  const file = await response.arrayBuffer();
  return isDense(model) ? denseModel(file, model) : onnxModel(new Uint8Array(file), model);
}

async function requireAnswer(response: Response): Promise<void> {
  if (response.ok) return;
  const { error } = (await response.json().catch(() => ({}))) as { error?: string };
  throw new Error(error ?? `status ${response.status}`);
}
