import { spellOut } from '../../core/formats/unsafe-characters.js';
import type { PageExample } from '../../deployment/web/page-model.js';

/** Offers images of the test set; what they show is said when one is chosen. */
export class Examples {
  readonly #section: HTMLElement;
  readonly #list: HTMLElement;
  readonly #label: HTMLElement;
  readonly #chosen: (image: ImageBitmap) => void;

  /** @param chosen receives the image that a visitor chooses */
  constructor(section: HTMLElement, label: HTMLElement, chosen: (image: ImageBitmap) => void) {
    this.#section = section;
    this.#list = section.querySelector('ul')!;
    this.#label = label;
    this.#chosen = chosen;
  }

  /** Shows some; without any, nothing. */
  show(examples: readonly PageExample[]): void {
    this.#section.hidden = examples.length === 0;
    this.#list.replaceChildren(...examples.map((example, index) => this.#item(example, index)));
  }

  /** None is chosen any more: something else is classified. */
  release(): void {
    this.#label.textContent = '';
    for (const button of this.#list.querySelectorAll('button')) button.setAttribute('aria-pressed', 'false');
  }

  #item({ label, image }: PageExample, index: number): HTMLElement {
    const picture = document.createElement('img');
    picture.src = image;
    picture.alt = `Example ${index + 1}`;
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-pressed', 'false');
    button.append(picture);
    button.addEventListener('click', () => {
      void createImageBitmap(picture).then((bitmap) => {
        this.#chosen(bitmap);
        button.setAttribute('aria-pressed', 'true');
        this.#label.textContent = `Actual class: ${spellOut(label)}`;
      });
    });
    const item = document.createElement('li');
    item.append(button);
    return item;
  }
}
