import { parseHTML } from 'linkedom';

/** Names as an attacker gives them to classes, data sets, runs and files: each would be markup, a command or something unseen. */
export const HOSTILE_NAMES = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "' onmouseover='alert(3)",
  '</title></svg><script>alert(4)</script>',
  '&lt;b&gt; &amp;',
  'bell\u0007 zero\u0000 escape\u001b[31m',
  'gnp\u202e.exe',
  'isolated\u2066\u2069',
  'nothing\u200b\ufeff',
  'line\nbreak\r',
  'eight\u009b31m',
  'half\ud800',
];

/** What must not be in anything that people look at; line ends alone are fine. */
export const UNSEEN =
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/u;

/** The elements and attributes that a name has become in a page or a picture. */
export function injectedInto(markup: string): string[] {
  const { document } = parseHTML(markup) as {
    document: { querySelectorAll: (selector: string) => Iterable<object> };
  };
  return [...document.querySelectorAll('script, b, [src="x"], [onerror], [onmouseover]')].map(String);
}
