/**
 * What a host should send with every file. `index.html` holds the same rule in a meta element, which cannot say who may show the
 * page in a frame.
 */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** The headers in the format that several hosts of static files read from `_headers`. */
export function headersFile(): string {
  return ['/*', ...headerLines().map((line) => `  ${line}`), ''].join('\n');
}

function headerLines(): string[] {
  return Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}`);
}

/** How the folder is used. */
export function webGuide(run: string): string {
  return `# ${run} in the browser

\`index.html\` classifies what is drawn on it, or a picture that is opened, pasted or dropped. Everything is computed in the browser;
nothing is fetched but the files beside it, and nothing is sent.

A browser opens no modules and no models from \`file:\` addresses, so serve the folder, for example

    python3 -m http.server --bind 127.0.0.1 8000

and open http://127.0.0.1:8000. On a host of your own, send these headers (some read them from \`_headers\`):

${headerLines()
  .map((line) => `    ${line}`)
  .join('\n')}

and compress \`.wasm\` files: they shrink to a quarter. The page uses WebGPU where the browser has a GPU for it, else WebAssembly, and
says which; \`?engine=wasm\` or \`?engine=webgpu\` asks for one. \`manifest.json\` has the hash of every file, where the model comes
from, and how it was compared with the model that was trained. \`runtime/\` is ONNX Runtime Web, copyright Microsoft Corporation,
MIT licence.
`;
}
