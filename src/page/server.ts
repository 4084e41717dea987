import type { AbstentionReason } from '../evaluation/decisions/decide.js';
import type { PageModel } from '../deployment/web/page-model.js';
import type { BrowserModel } from './browser-model.js';
import { denseModel, isDense } from './dense-model.js';
import { onnxModel } from './onnx-model.js';

/** What the server answers to a picture. */
export interface ServerAnswer {
  /** The class that it decided for; null where it leaves it to a person. */
  label: string | null;
  /** The class that it would have been, where it left it to a person. */
  candidate: string | null;
  probabilities: Record<string, number>;
  version: string;
  reason: AbstentionReason | null;
}

/** Asks the server for a picture's class. Throws an Error with the server's own words. */
export async function askServer(picture: Blob, signal: AbortSignal): Promise<ServerAnswer> {
  const response = await fetch('classify', {
    method: 'POST',
    body: picture,
    headers: { 'content-type': 'image/png' },
    signal,
  });
  await requireAnswer(response);
  return (await response.json()) as ServerAnswer;
}

/** What the server says of its model. Throws where it does not. */
export async function fetchDescription(): Promise<PageModel> {
  const response = await fetch('model/description');
  await requireAnswer(response);
  return (await response.json()) as PageModel;
}

/** The server's model, to compute in the browser. Throws an Error that says why it cannot. */
export async function fetchBrowserModel(model: PageModel): Promise<BrowserModel> {
  const response = await fetch(isDense(model) ? 'model/parameters' : 'model/onnx');
  await requireAnswer(response);
  const file = await response.arrayBuffer();
  return isDense(model) ? denseModel(file, model) : onnxModel(new Uint8Array(file), model);
}

async function requireAnswer(response: Response): Promise<void> {
  if (response.ok) return;
  const { error } = (await response.json().catch(() => ({}))) as { error?: string };
  throw new Error(error ?? `the server answers ${response.status}`);
}
