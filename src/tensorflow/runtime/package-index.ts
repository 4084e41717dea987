import { z } from 'zod';

import { ToolkitError, messageOf } from '../../core/errors.js';
import { pipHelp, type PipCommand } from './pip.js';
import type { Wheel } from './variants.js';

/**
 * The address of the Python package index that this machine uses: `PIP_INDEX_URL`, or what pip's own help names as its
 * setting. Undefined where it is better left to pip: no pip, a local folder, or an address with a name and password, which
 * must not get into messages.
 */
export async function packageIndexUrl(
  pip: PipCommand | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const named = environment['PIP_INDEX_URL'];
  const url = named ?? (pip ? indexUrlIn(await pipHelp(pip, environment)) : undefined);
  return url !== undefined && isPublicAddress(url) ? url.replace(/\/+$/, '') : undefined;
}

function isPublicAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '';
}

/** pip shows the configured value as the option's default. */
function indexUrlIn(help: string): string | undefined {
  return /--index-url <url>[^(]*\(default ([^)\s]+)\)/.exec(help)?.[1];
}

const indexFile = z.object({ filename: z.string(), url: z.string() });
const indexPage = z.object({ files: z.array(indexFile) });

/** Asks the index where a wheel can be fetched (PEP 503 and PEP 691). Throws RUNTIME_INSTALL_FAILED. */
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
    const files = filesOn(await response.text(), response.headers.get('content-type') ?? '');
    const found = files.find(({ filename }) => filename === wheel.file);
    if (!found) throw new Error('the package index does not list it');
    return new URL(found.url, response.url).href;
  } catch (error) {
    signal.throwIfAborted();
    const hint = 'check the network, or the address of the package index that pip uses';
    throw new ToolkitError(
      'RUNTIME_INSTALL_FAILED',
      { file: wheel.file, reason: messageOf(error), hint },
      { cause: error },
    );
  }
}

function filesOn(text: string, contentType: string): z.infer<typeof indexFile>[] {
  if (contentType.includes('json')) return indexPage.parse(JSON.parse(text)).files;
  const links = text.matchAll(/<a\s[^>]*?href="([^"]+)"[^>]*>\s*([^<\s]+)\s*<\/a>/gi);
  return Array.from(links, ([, url = '', filename = '']) => ({
    url: url.replaceAll('&amp;', '&'),
    filename,
  }));
}
