import { pageScript } from './page-script.js';
import { pageStyle } from './page-style.js';
import { escapeMarkup as text } from './markup.js';

/** A page of its own; texts are escaped, sections and header are markup. */
export interface PageContent {
  title: string;
  heading: string;
  /** A line under the heading. */
  origin: string;
  header: string;
  sections: readonly string[];
  /** Rules beside those that all pages have. */
  style?: string;
  /** The script of a page that a server has, which may ask that server; without it, the page has the script of reports. */
  script?: { address: string };
  /** The version of this package that makes the page. */
  toolkit: string;
}

/** An HTML page that needs no other file and no network, and allows none, but for those of a server's page; of scripts, its own alone. */
export function page({
  title,
  heading,
  origin,
  header,
  sections,
  style = '',
  script,
  toolkit,
}: PageContent): string {
  const { policy, element } = script ? servedScript(script.address) : inlineScript();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; ${policy}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${text(title)}</title>
<style>${pageStyle}${style}</style>
</head>
<body>
<header>
<a class="skip" href="#content">Skip to content</a>
<h1>${text(heading)}</h1>
<p class="soft">${text(origin)}</p>
${header}
</header>
<main id="content" tabindex="-1">
${sections.join('\n')}
</main>
<footer>Made by mnist-train ${text(toolkit)}.${script ? '' : ' This page is self-contained.'}</footer>
${element}
</body>
</html>
`;
}

/** What a page's Content Security Policy allows its script, and the script. */
interface ScriptOfPage {
  policy: string;
  element: string;
}

function inlineScript(): ScriptOfPage {
  const { code, hash } = pageScript();
  return { policy: `script-src '${hash}'`, element: `<script>${code}</script>` };
}

function servedScript(address: string): ScriptOfPage {
  const element = `<script src="${text(address)}" defer></script>`;
  return { policy: "script-src 'self'; connect-src 'self'", element };
}

/** Terms with their values, in boxes. */
export function tiles(facts: readonly (readonly [term: string, value: string])[]): string {
  const items = facts.map(([term, value]) => `<div><dt>${text(term)}</dt><dd>${text(value)}</dd></div>`);
  return `<dl class="tiles">${items.join('')}</dl>`;
}

/** What the colours of a chart stand for. */
export function legend(
  entries: readonly (readonly [color: string, name: string])[],
  shape: 'area' | 'line' = 'area',
): string {
  const key = shape === 'line' ? 'key line-key' : 'key';
  const items = entries.map(
    ([color, name]) =>
      `<li><i class="${key}" style="background:${color}" aria-hidden="true"></i>${text(name)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

/** A part of a page under a title. */
export function section(id: string, title: string, body: string, style = ''): string {
  return `<section aria-labelledby="${id}"${style && ` class="${style}"`}><h2 id="${id}">${title}</h2>${body}</section>`;
}

/** A table whose rows begin with their names. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const heads = head.map((cell) => `<th scope="col">${text(cell)}</th>`).join('');
  const lines = rows.map(
    ([first = '', ...cells]) =>
      `<tr><th scope="row">${text(first)}</th>${cells.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`,
  );
  return scrollable(
    head.filter((cell) => cell !== '').join(', '),
    `<table><thead><tr>${heads}</tr></thead><tbody>${lines.join('')}</tbody></table>`,
  );
}

/** Something that may be wider than the page, under a name. */
export function scrollable(name: string, body: string): string {
  return `<div class="scroll" tabindex="0" role="group" aria-label="${text(name)}">${body}</div>`;
}

/** A table that is shown on demand. */
export function details(
  summary: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return `<details><summary>${summary}</summary>${table(head, rows)}</details>`;
}

/** Terms with their values, in a table. */
export function factsTable(facts: readonly (readonly [term: string, value: string])[]): string {
  const rows = facts.map(
    ([term, value]) => `<tr><th scope="row">${text(term)}</th><td>${text(value)}</td></tr>`,
  );
  return `<table class="facts">${rows.join('')}</table>`;
}
