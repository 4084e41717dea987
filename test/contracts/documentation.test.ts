import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { rooms } from '../../scripts/rooms.mjs';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md', 'vendor/README.md'],
  ...readdirSync(join(CHECKOUT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
/** Names that stand for others: `src/models/NAME.ts`, `labels/*.csv`. */
const PLACEHOLDER = /[A-Z]{3,}|\*/;

const read = (page: string): string => readFileSync(join(CHECKOUT, page), 'utf8');

/** The headings of a page as the fragments of links to them. */
const fragmentsOf = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number} -]/gu, '')
      .replaceAll(' ', '-'),
  );

/** The links of a page that lead to no file, or to no heading in one. */
function brokenLinks(page: string): string[] {
  const prose = read(page).replace(/```.*?```|`[^`]*`|^ {4}.*$/gms, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [path = '', fragment] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(CHECKOUT, file))) return true;
    return fragment !== undefined && !fragmentsOf(file).includes(fragment);
  });
}

describe.each(PAGES)('%s', (page) => {
  it('links to what exists', () => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it('names files of the sources that exist', () => {
    const named = [...read(page).matchAll(/`((?:src|test\/\w+|bench|scripts|configs)\/[\w./*-]*)`/g)];
    const paths = named.map(([, path]) => path!).filter((path) => !PLACEHOLDER.test(path));
    const missing = paths.filter((path) => !existsSync(join(CHECKOUT, path)) && !/\.(jpg|png)$/.test(path));
    expect(missing).toEqual([]);
  });
});

describe('README.md', () => {
  it('is short, names the command for the tests, and leads to every page of the documentation', () => {
    const text = read('README.md');
    expect(text.split('\n').length).toBeLessThanOrEqual(150);
    expect(text).toContain('npm test');
    const unlinked = PAGES.filter((page) => page.startsWith('docs/') && !text.includes(`(${page})`));
    expect(unlinked).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  it('says of every room what it is for, in their order', () => {
    const table = [...read('CONTRIBUTING.md').matchAll(/^\| `(\w+)\/` \| \w/gm)].map(([, room]) => room);
    expect(table).toEqual([...rooms]);
  });
});
