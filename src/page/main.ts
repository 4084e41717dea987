import { preparePicture, type PreparedPicture } from '../imaging/prepare.js';
import { LocalModel, type ModelDescription } from './local-model.js';
import { occlusion } from './occlusion.js';
import { Pad } from './pad.js';
import { askServer, fetchModel } from './server.js';
import { drawSeen, percent, ProbabilityTable } from './view.js';

const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));
/** What is assumed until the server says what it serves. */
const PLAIN = { shape: { height: 28, width: 28, channels: 1 }, preparation: 'digit' } as const;
/** The server is asked when the drawing has been at rest for so long, in milliseconds. */
const REST_MS = 120;

function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

let description: ModelDescription | undefined;
let local: LocalModel | undefined;
let seen: PreparedPicture | undefined;
let likeliest: number | undefined;
let serverSays: number[] | undefined;
let browserSays: number[] | undefined;
let waiting: ReturnType<typeof setTimeout> | undefined;
let request: AbortController | undefined;

let table = new ProbabilityTable(element('bars', HTMLElement), DIGITS);
const pad = new Pad(element('pad', HTMLCanvasElement), drawingChanged);
const answer = element('answer', HTMLElement);
const reason = element('reason', HTMLElement);
const explain = element('explain', HTMLInputElement);

const classNames = (): readonly string[] => description?.classNames ?? DIGITS;

function drawingChanged(): void {
  clearTimeout(waiting);
  request?.abort();
  const { shape, preparation } = description ?? PLAIN;
  seen = pad.isEmpty ? undefined : preparePicture(pad.picture(), shape, preparation);
  if (!seen || seen.blank) {
    showNothing();
    return;
  }
  browserSays = local && [...local.classify(seen.pixels)];
  table.show('browser', browserSays);
  if (browserSays) conclude(browserSays);
  showSeen();
  waiting = setTimeout(() => void consultServer(), REST_MS);
}

async function consultServer(): Promise<void> {
  const controller = (request = new AbortController());
  try {
    const picture = await new Promise<Blob>((resolve, reject) => {
      const { width, height, rgba } = pad.picture();
      const copy = document.createElement('canvas');
      copy.width = width;
      copy.height = height;
      copy.getContext('2d')!.putImageData(new ImageData(new Uint8ClampedArray(rgba), width, height), 0, 0);
      copy.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error('the drawing cannot be encoded'));
      }, 'image/png');
    });
    const { probabilities, reason: why } = await askServer(picture, controller.signal);
    serverSays = classNames().map((name) => probabilities[name] ?? 0);
    table.show('server', serverSays);
    conclude(serverSays);
    reason.hidden = !why;
    reason.textContent = why ? `Ask a person: ${why.message}` : '';
    compare();
    showSeen();
  } catch (error) {
    if (controller.signal.aborted) return;
    serverSays = undefined;
    table.show('server', undefined);
    reason.hidden = false;
    reason.textContent = `The server does not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function conclude(probabilities: readonly number[]): void {
  likeliest = probabilities.indexOf(Math.max(...probabilities));
  table.mark(likeliest);
  answer.textContent = `${classNames()[likeliest]!}, ${percent(probabilities[likeliest]!)}`;
}

function compare(): void {
  const comparison = element('comparison', HTMLElement);
  if (!serverSays || !browserSays) {
    comparison.textContent = browserSays ? '' : 'This model cannot compute in the browser.';
    return;
  }
  const difference = serverSays.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - browserSays![index]!)),
    0,
  );
  comparison.textContent = `Largest difference between server and browser: ${difference.toExponential(1)}`;
}

function showNothing(): void {
  seen = likeliest = serverSays = browserSays = undefined;
  table.show('server', undefined);
  table.show('browser', undefined);
  table.mark(undefined);
  answer.textContent = 'Nothing drawn yet.';
  reason.hidden = true;
  element('comparison', HTMLElement).textContent = '';
  const canvas = element('seen', HTMLCanvasElement);
  canvas.setAttribute('aria-label', 'Nothing yet');
  canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
}

function showSeen(): void {
  if (!seen) return;
  const canvas = element('seen', HTMLCanvasElement);
  const { pixels, shape } = seen;
  const target = likeliest;
  const model = local;
  const heat =
    explain.checked && model && target !== undefined
      ? occlusion(pixels, shape, (covered) => model.evidence(covered, target))
      : undefined;
  drawSeen(canvas, pixels, shape, heat);
  const how = seen.inverted ? 'inverted, cropped and centred' : 'cropped and centred';
  canvas.setAttribute('aria-label', `The picture as the model saw it: ${how}`);
}

async function openPicture(file: Blob): Promise<void> {
  try {
    pad.show(await createImageBitmap(file));
  } catch {
    reason.hidden = false;
    reason.textContent = 'This file cannot be read as a picture.';
  }
}

function listen(): void {
  element('clear', HTMLElement).addEventListener('click', () => {
    pad.clear();
  });
  element('undo', HTMLElement).addEventListener('click', () => {
    pad.undo();
  });
  explain.addEventListener('change', showSeen);
  const file = element('file', HTMLInputElement);
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen) void openPicture(chosen);
    // So that the same file can be chosen again.
    file.value = '';
  });
  const isPicture = ({ type }: { type: string }): boolean => type.startsWith('image/');
  document.addEventListener('paste', (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].find(isPicture);
    if (pasted) void openPicture(pasted);
  });
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  document.addEventListener('dragleave', () => {
    document.body.classList.remove('dropping');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dropping');
    const dropped = [...(event.dataTransfer?.files ?? [])].find(isPicture);
    if (dropped) void openPicture(dropped);
  });
}

async function begin(): Promise<void> {
  const told = element('model', HTMLElement);
  try {
    const model = await fetchModel();
    description = model.description;
    local = LocalModel.from(model.file, model.description);
    table = new ProbabilityTable(element('bars', HTMLElement), description.classNames);
    told.textContent = `${description.run}, version ${description.version}: ${description.model.name} ${description.model.description}`;
  } catch {
    told.textContent = 'The server answers; its model cannot be had for the browser.';
  }
  explain.disabled = !local;
  if (!pad.isEmpty) drawingChanged();
}

listen();
void begin();
