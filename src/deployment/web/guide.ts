import { spellOut } from '../../core/formats/unsafe-characters.js';

/**
 * The headers that a host should send with every file. `index.html` holds the same policy in a meta element, which cannot contain
 * `frame-ancestors`.
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

/** A name as Markdown that is nothing but the name: a checkpoint of somebody else's may hold any. */
export function plainMarkdown(name: string): string {
  return spellOut(name).replaceAll(/[\\`*_{}[\]<>()#+!|&~-]/g, '\\$&');
}

/** The README of the folder. */
export function webGuide(run: string): string {
  return `# ${plainMarkdown(run)} in the browser

\`index.html\` classifies a drawing, or an image that you open, paste or drop. The model runs in the browser: the page loads only the
files in this folder and sends nothing.

Browsers do not load modules or models from \`file:\` addresses, so serve the folder, for example

    python3 -m http.server --bind 127.0.0.1 8000

and open http://127.0.0.1:8000. On your own host, send these headers (some hosts read them from \`_headers\`):

${headerLines()
  .map((line) => `    ${line}`)
  .join('\n')}

and compress \`.wasm\` files: they shrink to a quarter. The page uses WebGPU where the browser has a GPU, else WebAssembly, and says
which; \`?engine=wasm\` or \`?engine=webgpu\` chooses one. \`manifest.json\` holds the hash of every file, the model’s origin, and the
comparison with the trained model. \`runtime/\` is ONNX Runtime Web, copyright Microsoft Corporation,
MIT licence.
`;
}
