import type { PageModel } from '../deployment/web/page-model.js';

/** Offers the other models of the server, where there are some: the page is loaded anew with the one that is chosen. */
export function offerModels(
  choice: HTMLElement,
  list: HTMLSelectElement,
  { name, models = [] }: PageModel,
): void {
  if (name === undefined || models.length < 2) return;
  list.replaceChildren(...models.map((other) => new Option(other, other, false, other === name)));
  choice.hidden = false;
  list.addEventListener('change', () => {
    const parameters = new URLSearchParams(location.search);
    parameters.set('model', list.value);
    location.search = parameters.toString();
  });
}
