import { escapeMarkup as text } from '../drawing/markup.js';
import { page, section, table } from '../drawing/page-parts.js';
import type { ApiDescription, ApiOperation, ApiParameter, ApiSchema } from './description.js';
import { openApiStyle } from './page-style.js';
import { exampleOf, fieldsOf } from './schema.js';

/** What the documentation page of a server shows. */
export interface ApiPageContent {
  description: ApiDescription;
  /** Values of parameters to begin with, by name. */
  values: Readonly<Record<string, string>>;
  /** Bodies to begin with, by address, in place of those that the schema gives. */
  bodies: Readonly<Record<string, unknown>>;
}

/** An operation with its address. */
interface Addressed extends ApiOperation {
  path: string;
  method: string;
}

/** The page of a server's addresses, from its OpenAPI description; its script, in `src/page/docs`, sends requests. */
export function apiPage({ description: { info, paths }, ...content }: ApiPageContent): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Addressed => ({ ...operation, path, method })),
  );
  const tags = [...new Set(operations.map(tagOf))];
  return page({
    title: `${info.title} – API`,
    heading: `${info.title}: API`,
    origin: info.description,
    header: `<p class="soft">Version ${text(info.version)}. OpenAPI description: <a href="docs/json">JSON</a>, <a href="docs/yaml">YAML</a>. <a href="./">Try the model</a></p>
<form class="token scripted"><label>Token <input id="token" type="password" autocomplete="off" spellcheck="false" placeholder="only where the server asks for one"></label></form>`,
    sections: tags.map((tag, index) => {
      const own = operations.filter((operation) => tagOf(operation) === tag);
      const items = own.map((operation) => operationItem(operation, content));
      return section(`tag-${index}`, text(tag), items.join(''), 'wide');
    }),
    style: openApiStyle,
    script: { address: 'docs/main.js' },
    toolkit: info.version,
  });
}

function tagOf({ tags }: ApiOperation): string {
  return tags?.[0] ?? 'Other';
}

function operationItem(operation: Addressed, content: Omit<ApiPageContent, 'description'>): string {
  const { path, method, summary = '', description, requestBody } = operation;
  const types = Object.keys(requestBody?.content ?? {});
  const schema = requestBody?.content[types[0] ?? '']?.schema;
  const parts = [
    description === undefined ? '' : `<p>${text(description)}</p>`,
    `<p class="soft">${accessOf(operation)}</p>`,
    types.length > 0
      ? `<p class="soft">Body: ${types.map((type) => `<code>${text(type)}</code>`).join(', ')}</p>`
      : '',
    schema?.properties ? fieldTable(fieldsOf(schema)) : '',
    requestForm(operation, schema, content),
  ];
  return `<details class="operation"><summary><span class="method ${text(method)}">${text(method.toUpperCase())}</span> <code>${text(path)}</code> <span class="soft">${text(summary)}</span></summary><div>${parts.join('')}</div></details>`;
}

/** Without descriptions, they have no column. */
function fieldTable(fields: readonly string[][]): string {
  const columns = fields.some(([, , , description]) => description !== '') ? 4 : 3;
  return table(
    ['Field', 'Type', 'Required', 'Description'].slice(0, columns),
    fields.map((field) => field.slice(0, columns)),
  );
}

function accessOf({ security, 'x-role': role }: ApiOperation): string {
  if (security?.length === 0) return 'Open to everybody.';
  return role === undefined
    ? 'Needs a token where the server asks for tokens.'
    : `Role of the token: ${text(role)}.`;
}

/** What sends a request, for the page's script. */
function requestForm(
  { path, method, parameters = [], requestBody }: Addressed,
  schema: ApiSchema | undefined,
  { values, bodies }: Omit<ApiPageContent, 'description'>,
): string {
  const inputs = parameters.map((parameter) => parameterInput(parameter, values[parameter.name]));
  return `<form class="request scripted" data-method="${text(method)}" data-path="${text(path)}">${inputs.join('')}${requestBody ? bodyInput(schema, bodies[path]) : ''}<button>Send</button><pre class="command" tabindex="0" aria-label="The same as a command"></pre><div class="answer" role="status"></div></form>`;
}

function parameterInput(
  { name, in: place, required = false, description }: ApiParameter,
  value = '',
): string {
  const hint = description === undefined ? '' : `<span class="soft">${text(description)}</span>`;
  return `<label><code>${text(name)}</code> <input name="${text(name)}" data-in="${text(place)}" value="${required ? text(value) : ''}"${required ? ' required' : ''}> ${hint}</label>`;
}

function bodyInput(schema: ApiSchema | undefined, body: unknown): string {
  if (schema?.format === 'binary') return '<label>File <input type="file" required></label>';
  const json = JSON.stringify(body ?? exampleOf(schema ?? {}), undefined, body === undefined ? 2 : undefined);
  return `<label>Body <textarea rows="${body === undefined ? 6 : 4}" spellcheck="false">${json.split('\n').map(text).join('\n')}</textarea></label>`;
}
