// Writes the declarations of the package's public entries, one file each: the options in full, each with its description, and
// of the rest only what can be reached. Nothing of TensorFlow.js or Node.js is left in them (but for the drop-in for tfjs-node, which is
// TensorFlow.js), so a program in strict TypeScript compiles without skipLibCheck, be it for Node.js or for a browser.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { compile } from 'json-schema-to-typescript';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { z } from 'zod';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const entries = Object.values(exports).flatMap(({ types }) =>
  types?.startsWith('./dist/') ? [types.replace('./dist/', '')] : [],
);

const TYPE_KEYS = new Set([
  'type',
  'enum',
  'const',
  'items',
  'properties',
  'required',
  'anyOf',
  'oneOf',
  'additionalProperties',
]);

/** The types of a file of plug-ins, in the place of a name. */
const PLUGIN_FILES = ['./${string}', '../${string}', '/${string}', 'file:${string}', '${string}.mjs'].map(
  (pattern) => `\`${pattern}\``,
);

/** The options of a space as JSON Schema; where plug-ins share an option, it takes what any of them takes. */
function schemaOf({ fields, choices }) {
  const schema = z.toJSONSchema(fields, { io: 'input' });
  for (const [key, { registry, description }] of Object.entries(choices)) {
    schema.properties[key] = {
      tsType: [
        ...registry.names.map((name) => JSON.stringify(name)),
        ...(registry.calls ? PLUGIN_FILES : []),
      ].join(' | '),
      description,
    };
    for (const { options } of registry) addProperties(schema.properties, options);
  }
  return schema;
}

function addProperties(properties, options) {
  for (const [key, property] of Object.entries(z.toJSONSchema(options, { io: 'input' }).properties)) {
    const { description, ...known } = properties[key] ?? property;
    const alternatives = [...(known.anyOf ?? [known]), property].map(typeAlone);
    const distinct = [...new Map(alternatives.map((type) => [JSON.stringify(type), type])).values()];
    properties[key] = { description, ...(distinct.length > 1 ? { anyOf: distinct } : known) };
  }
}

/** A schema without what does not become part of a type, so that equal types are seen to be equal. */
function typeAlone(schema) {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => TYPE_KEYS.has(key)));
}

const { optionSpaces } = await import('../dist/options.js');
const interfaces = await Promise.all(
  Object.entries(optionSpaces).map(([name, space]) =>
    compile(schemaOf(space), name, {
      bannerComment: '',
      additionalProperties: false,
      ignoreMinAndMaxItems: true,
    }),
  ),
);
writeFileSync(join(dist, 'options.d.ts'), interfaces.join('\n'));

async function bundle(input, output) {
  const bundled = await rollup({ input, plugins: [dts()], external: /^[^./]/ });
  const generated = await bundled.generate({ format: 'es' });
  writeFileSync(output, generated.output[0].code);
}

// The folder tfjs-node stands for a package that has everything of @tensorflow/tfjs.
const dropIn = join(dist, 'drop-in.d.ts');
writeFileSync(
  dropIn,
  `import type { TfjsNodeAdditions } from './tfjs-node.js';
   export * from '@tensorflow/tfjs';
   export type * from './tfjs-node.js';
   ${['node', 'io', 'version'].map((name) => `export declare const ${name}: TfjsNodeAdditions['${name}'];`).join('\n')}`,
);
await bundle(dropIn, fileURLToPath(new URL('../tfjs-node/index.d.ts', import.meta.url)));

// What it adds is documented by itself.
entries.push('tfjs-node.d.ts');
for (const entry of entries) await bundle(join(dist, entry), join(dist, entry));

// The declarations of the inside are no part of the package.
for (const file of readdirSync(dist, { recursive: true })) {
  if (file.endsWith('.d.ts') && !entries.includes(file)) rmSync(join(dist, file));
}
