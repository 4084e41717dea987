import { answerOf } from './answer.js';
import { commandOf } from './command.js';
import type { FilledRequest } from './filled-request.js';

const token = document.querySelector<HTMLInputElement>('#token');

/** Makes the forms of all addresses work. */
export function openRequests(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form.request')) openRequest(form);
  // Enter in it would load the page again.
  token?.form?.addEventListener('submit', (event) => {
    event.preventDefault();
  });
}

function openRequest(form: HTMLFormElement): void {
  const command = form.querySelector('.command');
  const answer = form.querySelector('.answer');
  const show = (): void => {
    if (command) command.textContent = commandOf(requestOf(form));
  };
  for (const place of [form, token]) place?.addEventListener('input', show);
  show();
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void answerOf(requestOf(form)).then((shown) => answer?.replaceChildren(...shown));
  });
}

/** The request of a form. Addresses are relative to the page, which may lie below a path of a proxy. */
function requestOf(form: HTMLFormElement): FilledRequest {
  const { method = 'get', path = '/' } = form.dataset;
  const inputs = [...form.querySelectorAll<HTMLInputElement>('input[data-in]')];
  let place = path.replace(/^\//, '');
  const query = new URLSearchParams();
  for (const { name, value, dataset } of inputs) {
    if (dataset['in'] === 'path') place = place.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== '') query.set(name, value);
  }
  const url = new URL(place, document.baseURI);
  url.search = query.toString();
  const file = form.querySelector<HTMLInputElement>('input[type="file"]')?.files?.[0];
  const text = form.querySelector('textarea')?.value;
  return { method: method.toUpperCase(), url: url.href, token: token?.value ?? '', body: file ?? text };
}
