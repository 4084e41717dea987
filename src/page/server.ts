import type { ModelDescription } from './local-model.js';

/** What the server answers to a picture. */
export interface ServerAnswer {
  label: string | null;
  probabilities: Record<string, number>;
  version: string;
  reason?: { message: string } | null;
}

/** Asks the server for a picture's class. Throws an Error with the server's own words. */
export async function askServer(picture: Blob, signal: AbortSignal): Promise<ServerAnswer> {
  const response = await fetch('classify', {
    method: 'POST',
    body: picture,
    headers: { 'content-type': 'image/png' },
    signal,
  });
  const body = (await response.json()) as ServerAnswer & { error?: string };
  if (!response.ok) throw new Error(body.error ?? `the server answers ${response.status}`);
  return body;
}

/** The served model: what it is, and its parameters. Throws where the server does not give them. */
export async function fetchModel(): Promise<{ description: ModelDescription; file: ArrayBuffer }> {
  const [description, file] = await Promise.all([fetch('model/description'), fetch('model/parameters')]);
  if (!description.ok || !file.ok) throw new Error('the server does not give its model away');
  return { description: (await description.json()) as ModelDescription, file: await file.arrayBuffer() };
}
