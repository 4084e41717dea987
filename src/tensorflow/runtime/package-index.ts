import { z } from 'zod';

import { ToolkitError, messageOf } from '../../core/errors.js';
import { textWithin } from '../../core/formats/text.js';
import { pipHelp, type PipCommand } from './pip.js';
import type { Wheel } from './variants.js';

/**
 * The URL of the configured Python package index: `PIP_INDEX_URL`, or the default that pip's help shows. Undefined if direct downloads are
 * impossible: the index is unknown, a local folder, or a URL with credentials, which must not appear in messages.
 */
export async function packageIndexUrl(
  pip: PipCommand | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const named = environment['PIP_INDEX_URL'];
  const url = named ?? (pip ? indexUrlIn(await pipHelp(pip, environment)) : undefined);
  return url !== undefined && isPublicAddress(url) ? withoutLastSlashes(url) : undefined;
}

function isPublicAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '';
}

function withoutLastSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end--;
  return url.slice(0, end);
}

/** pip shows the configured value as the option's default. */
function indexUrlIn(help: string): string | undefined {
  const option = after(help, '--index-url <url>');
  const value = option && after(option, '(default ')?.split(')', 1)[0];
  return value !== undefined && /^\S+$/.test(value) ? value : undefined;
}

function after(text: string, mark: string): string | undefined {
  const at = text.indexOf(mark);
  return at < 0 ? undefined : text.slice(at + mark.length);
}

/** A limit far above the page of TensorFlow, about 1 MB. */
const MAX_PAGE_BYTES = 32 << 20;

const indexFile = z.object({ filename: z.string(), url: z.string() });
const indexPage = z.object({ files: z.array(indexFile) });

/** Looks up the URL of a wheel in the index (PEP 503 and PEP 691). Throws RUNTIME_INSTALL_FAILED, or the signal's reason. */
export async function wheelUrl(index: string, wheel: Wheel, signal: AbortSignal): Promise<string> {
  const page = `${index}/${wheel.project}/`;
  try {
    const response = await fetch(page, {
      headers: {
        accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.5',
        connection: 'close',
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
    });
    if (!response.ok) throw new Error(`the package index answered ${response.status}`);
    const tooLong = `the page of the package index is larger than ${MAX_PAGE_BYTES} bytes`;
    const text = await textWithin(response, MAX_PAGE_BYTES, tooLong);
    const files = filesOn(text, response.headers.get('content-type') ?? '');
    const found = files.find(({ filename }) => filename === wheel.file);
    if (!found) throw new Error('the package index does not list it');
    return new URL(found.url, response.url).href;
  } catch (error) {
    signal.throwIfAborted();
    const hint = 'check the network and the package index in the configuration of pip';
    throw new ToolkitError(
      'RUNTIME_INSTALL_FAILED',
      { file: wheel.file, reason: messageOf(error), hint },
      { cause: error },
    );
  }
}

function filesOn(text: string, contentType: string): z.infer<typeof indexFile>[] {
  if (contentType.includes('json')) return indexPage.parse(JSON.parse(text)).files;
  // Linear time, without backtracking: a crafted page cannot make parsing slow.
  return text.split(/<a\s/i).slice(1).flatMap(linkIn);
}

/** The link at the start of a part: its attributes, text and end tag. */
function linkIn(part: string): z.infer<typeof indexFile>[] {
  const attributes = part.split('>', 1)[0] ?? '';
  const filename = part
    .slice(attributes.length + 1)
    .split('<', 1)[0]
    ?.trim();
  const url = /\bhref="([^"]*)"/i.exec(attributes)?.[1];
  return url && filename ? [{ url: url.replaceAll('&amp;', '&'), filename }] : [];
}
