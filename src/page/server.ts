import type { AbstentionReason } from '../evaluation/decisions/decide.js';
import { isDense, type PageExample, type PageModel } from '../deployment/web/page-model.js';
import type { BrowserModel } from './browser-model.js';
import { denseModel } from './dense-model.js';
import { onnxModel } from './onnx-model.js';
import { request } from './request.js';

/** The server's prediction for an image. */
export interface ServerAnswer {
  /** The predicted class; null where the model abstains. */
  label: string | null;
  /** The best guess where the model abstains. */
  candidate: string | null;
  probabilities: Record<string, number>;
  version: string;
  reason: AbstentionReason | null;
  /** Whether the image is unlike the training images; missing where that is not known. */
  unlike?: boolean;
}

/** The model that the page's address names; without one, the server takes its first. */
const MODEL = new URLSearchParams(location.search).get('model');

/** An address of the server for that model. */
function ofModel(path: string): string {
  return MODEL === null ? path : `${path}?${new URLSearchParams({ model: MODEL }).toString()}`;
}

/** Asks the server to classify an image. Throws an Error with the server's message. */
export async function askServer(picture: Blob, signal: AbortSignal): Promise<ServerAnswer> {
  const response = await request(ofModel('classify'), {
    method: 'POST',
    body: picture,
    headers: { 'content-type': 'image/png' },
    signal,
  });
  return (await response.json()) as ServerAnswer;
}

/** Fetches the description of the served model. Throws an Error with the server's message. */
export async function fetchDescription(): Promise<PageModel> {
  const response = await request(ofModel('model/description'));
  return (await response.json()) as PageModel;
}

/** Fetches images of the test set to try; none where the server offers none. */
export async function fetchExamples(): Promise<readonly PageExample[]> {
  const response = await request(ofModel('model/examples'));
  return ((await response.json()) as { examples: PageExample[] }).examples;
}

/** Fetches the served model, to run it in the browser. Throws an Error that says why it cannot. */
export async function fetchBrowserModel(model: PageModel): Promise<BrowserModel> {
  const response = await request(ofModel(isDense(model) ? 'model/parameters' : 'model/onnx'));
  const file = await response.arrayBuffer();
  return isDense(model) ? denseModel(file, model) : onnxModel(new Uint8Array(file), model);
}
