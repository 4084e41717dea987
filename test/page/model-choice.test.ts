import { parseHTML } from 'linkedom';
import { afterEach, expect, it, vi } from 'vitest';

import { offerModels } from '../../src/page/model-choice.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

function elements(): { choice: HTMLElement; list: HTMLSelectElement; window: Window & typeof globalThis } {
  const window = parseHTML('<p id="choice" hidden><select id="models"></select></p>');
  const { document } = window;
  const list = document.querySelector('select') as unknown as HTMLSelectElement;
  const choice = document.querySelector('p') as unknown as HTMLElement;
  return { choice, list, window: window as unknown as Window & typeof globalThis };
}

it('a server with one model offers no choice', () => {
  const { choice, list } = elements();
  offerModels(choice, list, { name: 'a', models: ['a'] });
  offerModels(choice, list, {});
  expect([choice.hidden, list.children.length]).toEqual([true, 0]);
});

it('of several, the page is loaded anew with the one that is chosen, and keeps its other parameters', () => {
  const { choice, list, window } = elements();
  const location = { search: '?engine=wasm' };
  vi.stubGlobal('location', location);
  offerModels(choice, list, { name: 'b', models: ['a', 'b'] });
  expect(choice.hidden).toBe(false);
  expect([...list.children].map(({ outerHTML }) => outerHTML)).toEqual([
    '<option value="a">a</option>',
    '<option selected value="b">b</option>',
  ]);
  Object.defineProperty(list, 'value', { value: 'a' });
  list.dispatchEvent(new window.Event('change'));
  expect(location.search).toBe('engine=wasm&model=a');
});
