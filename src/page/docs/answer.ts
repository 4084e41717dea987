import { typeOf } from './command.js';
import type { FilledRequest } from './filled-request.js';

/** More of an answer is not shown. */
const LONGEST = 20_000;

/** Sends a request, and returns what is shown of its answer. */
export async function answerOf({ method, url, token, body }: FilledRequest): Promise<Node[]> {
  const headers = new Headers(token === '' ? {} : { authorization: `Bearer ${token}` });
  if (body !== undefined)
    headers.set('content-type', body instanceof File ? typeOf(body) : 'application/json');
  const started = performance.now();
  try {
    const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
    const type = response.headers.get('content-type') ?? '';
    const shown = await textOf(response, type);
    const milliseconds = Math.round(performance.now() - started);
    const status = `${response.status} ${response.statusText}`.trim();
    return [paragraph([status, type, `${milliseconds} ms`].filter(Boolean).join(' · ')), block(shown)];
  } catch (error) {
    return [paragraph(`No answer: ${error instanceof Error ? error.message : String(error)}`)];
  }
}

/** The body of an answer as text; of bytes, how many there are. */
async function textOf(response: Response, type: string): Promise<string> {
  if (!/^text\/|json/.test(type))
    return `${(await response.arrayBuffer()).byteLength.toLocaleString('en-US')} bytes`;
  const text = await response.text();
  const shown = type.includes('json') ? indented(text) : text;
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown;
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), undefined, 2);
  } catch {
    return json;
  }
}

function paragraph(text: string): HTMLElement {
  const made = document.createElement('p');
  made.className = 'status';
  made.textContent = text;
  return made;
}

function block(text: string): HTMLElement {
  const made = document.createElement('pre');
  made.tabIndex = 0;
  made.textContent = text;
  return made;
}
