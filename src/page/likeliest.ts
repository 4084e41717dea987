import { barIn, percent, rowHead, showShare, type Probabilities, type ShareBar } from './view.js';

/** So many classes are shown; the others are in the details. */
const SHOWN = 5;
/** A class's name with no more characters is set as large as a digit. */
const SHORT = 3;

/** The likeliest classes, the most probable first. */
export class LikeliestTable {
  readonly #classNames: readonly string[];
  readonly #rows: { head: HTMLElement; bar: ShareBar }[];

  constructor(table: HTMLTableElement, classNames: readonly string[]) {
    this.#classNames = classNames;
    const body = table.tBodies[0] ?? table.createTBody();
    body.replaceChildren();
    this.#rows = classNames.slice(0, SHOWN).map((name) => {
      const row = body.insertRow();
      const head = rowHead(name);
      row.append(head);
      return { head, bar: barIn(row) };
    });
    this.show(undefined);
  }

  /** Shows probabilities; undefined clears them. */
  show(probabilities: Probabilities | undefined): void {
    const order = likeliestOf(probabilities ?? this.#classNames.map(() => 0));
    this.#rows.forEach(({ head, bar }, place) => {
      const index = order[place]!;
      const name = probabilities ? this.#classNames[index]! : '–';
      head.replaceWith((this.#rows[place]!.head = rowHead(name)));
      showShare(bar, name, probabilities?.[index]);
    });
  }
}

/** Positions by falling probability; equal ones in the order of the classes. */
function likeliestOf(probabilities: Probabilities): number[] {
  return probabilities.map((_, index) => index).toSorted((a, b) => probabilities[b]! - probabilities[a]!);
}

/** What the page says of an image. */
export interface Headline {
  /** What is said before the class, such as that it is a guess. */
  lead?: string;
  name: string;
  probability: number;
}

/** Shows the predicted class, or a text where there is none. */
export function showHeadline(answer: HTMLElement, headline: Headline | string): void {
  const isText = typeof headline === 'string';
  answer.classList.toggle('waiting', isText);
  if (isText) {
    answer.textContent = headline;
    return;
  }
  const { lead, name, probability } = headline;
  const strong = part('strong', name);
  strong.classList.toggle('short', Array.from(name).length <= SHORT);
  answer.replaceChildren(
    ...(lead === undefined ? [] : [part('span', `${lead} `, 'lead')]),
    strong,
    // Read out, and copied, with a pause between.
    part('span', ', ', 'visually-hidden'),
    part('span', percent(probability), 'share'),
  );
}

function part(tag: 'strong' | 'span', text: string, className = ''): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}
