/** The probabilities that one of the two models gives, by class. */
export type Probabilities = readonly number[];

interface Cell {
  progress: HTMLProgressElement;
  number: HTMLSpanElement;
}

/** The table of probabilities: a row for each class, a bar for the server's model and one for the browser's. */
export class ProbabilityTable {
  readonly #rows: { row: HTMLTableRowElement; server: Cell; browser: Cell }[];

  constructor(body: HTMLElement, classNames: readonly string[]) {
    body.replaceChildren();
    this.#rows = classNames.map((name) => {
      const row = document.createElement('tr');
      const head = document.createElement('th');
      head.scope = 'row';
      head.textContent = name;
      row.append(head);
      const [server, browser] = (['server', 'browser'] as const).map((source) => cellIn(row, name, source));
      body.append(row);
      return { row, server: server!, browser: browser! };
    });
  }

  /** Shows what one of them says; undefined shows that it says nothing. */
  show(source: 'server' | 'browser', probabilities: Probabilities | undefined): void {
    this.#rows.forEach((cells, index) => {
      const value = probabilities?.[index];
      cells[source].progress.value = value ?? 0;
      cells[source].number.textContent = value === undefined ? '–' : percent(value);
    });
  }

  /** Marks the likeliest class. */
  mark(likeliest: number | undefined): void {
    this.#rows.forEach(({ row }, index) => row.classList.toggle('likeliest', index === likeliest));
  }
}

function cellIn(row: HTMLTableRowElement, name: string, source: 'server' | 'browser'): Cell {
  const bar = document.createElement('div');
  bar.className = `bar ${source}`;
  const progress = document.createElement('progress');
  progress.max = 1;
  progress.value = 0;
  progress.setAttribute('aria-label', `${name}, ${source}`);
  const number = document.createElement('span');
  number.textContent = '–';
  bar.append(progress, number);
  row.insertCell().append(bar);
  return { progress, number };
}

/** A share as a percentage. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Draws what a model saw; with an explanation, orange where it speaks for the answer and blue where it speaks against it. */
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
