import type { PageModel } from '../deployment/web/page-model.js';

/** Offers the other models of the server, where there are some: the page is loaded anew with the one that is chosen. */
export function offerModels(
  choice: HTMLElement,
  list: HTMLSelectElement,
  { name, models = [] }: Pick<PageModel, 'name' | 'models'>,
): void {
  if (name === undefined || models.length < 2) return;
  const options = models.map((other) => {
    const option = list.ownerDocument.createElement('option');
    option.value = option.textContent = other;
    if (other === name) option.setAttribute('selected', '');
    return option;
  });
  list.replaceChildren(...options);
  choice.hidden = false;
  list.addEventListener('change', () => {
    const parameters = new URLSearchParams(location.search);
    parameters.set('model', list.value);
    location.search = parameters.toString();
  });
}
