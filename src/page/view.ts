import { spellOut } from '../core/formats/unsafe-characters.js';

/** The probability of each class. */
export type Probabilities = readonly number[];

/** A bar with its number. */
export interface ShareBar {
  progress: HTMLProgressElement;
  number: HTMLSpanElement;
}

/** Where the model that gave them runs. */
export type Source = 'server' | 'browser';

const TITLES: Readonly<Record<Source, string>> = { server: 'Server', browser: 'Browser' };

/** The table of probabilities: a row for each class with a bar for each source. */
export class ProbabilityTable {
  readonly #classNames: readonly string[];
  readonly #rows: { row: HTMLTableRowElement; cells: ReadonlyMap<Source, ShareBar> }[];

  constructor(table: HTMLTableElement, classNames: readonly string[], sources: readonly Source[]) {
    this.#classNames = classNames;
    const head = table.createTHead();
    const body = table.tBodies[0] ?? table.createTBody();
    head.replaceChildren();
    body.replaceChildren();
    const titles = head.insertRow();
    for (const title of ['Class', ...sources.map((source) => TITLES[source])]) {
      titles.append(headCell(title, 'col'));
    }
    this.#rows = classNames.map((name) => {
      const row = body.insertRow();
      row.append(rowHead(name));
      const cells = new Map(sources.map((source) => [source, barIn(row, source)]));
      return { row, cells };
    });
    for (const source of sources) this.show(source, undefined);
  }

  /** Shows a source's probabilities; undefined clears them. */
  show(source: Source, probabilities: Probabilities | undefined): void {
    this.#rows.forEach(({ cells }, index) => {
      const bar = cells.get(source);
      if (bar) showShare(bar, `${this.#classNames[index]!}, ${source}`, probabilities?.[index]);
    });
  }

  /** Marks the likeliest class. */
  mark(likeliest: number | undefined): void {
    this.#rows.forEach(({ row }, index) => row.classList.toggle('likeliest', index === likeliest));
  }
}

function headCell(text: string, scope: 'row' | 'col'): HTMLTableCellElement {
  const cell = document.createElement('th');
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}

/** The cell that names a class. */
export function rowHead(name: string): HTMLTableCellElement {
  const label = document.createElement('span');
  label.className = 'class-name';
  label.textContent = spellOut(name);
  const cell = headCell('', 'row');
  cell.append(label);
  return cell;
}

/** A new cell of a row with a bar. */
export function barIn(row: HTMLTableRowElement, source: Source = 'server'): ShareBar {
  const bar = document.createElement('div');
  bar.className = `bar ${source}`;
  const progress = document.createElement('progress');
  progress.max = 1;
  const number = document.createElement('span');
  bar.append(progress, number);
  row.insertCell().append(bar);
  return { progress, number };
}

/** Shows a share, or that there is none. */
export function showShare({ progress, number }: ShareBar, label: string, share: number | undefined): void {
  progress.value = share ?? 0;
  progress.setAttribute('aria-label', spellOut(label));
  number.textContent = share === undefined ? '–' : percent(share);
}

/** A share as a percentage. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Draws the model's input; with an explanation, orange where it supports the prediction and blue where it contradicts it. */
export function drawSeen(
  canvas: HTMLCanvasElement,
  pixels: Uint8Array,
  { width, height, channels }: { width: number; height: number; channels: number },
  explanation: Float32Array | undefined,
): void {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  const most = explanation?.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-9) ?? 1;
  for (let index = 0; index < width * height; index++) {
    const weight = (explanation?.[index] ?? 0) / most;
    const tint = weight > 0 ? [255, 140, 0] : [60, 140, 255];
    for (let channel = 0; channel < 3; channel++) {
      const value = pixels[index * channels + (channels === 1 ? 0 : channel)]!;
      image.data[4 * index + channel] = value + (tint[channel]! - value) * Math.abs(weight) * 0.8;
    }
    image.data[4 * index + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
