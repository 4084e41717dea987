import { spellOut } from '../core/formats/unsafe-characters.js';
import type { PageModel } from '../deployment/web/page-model.js';
import { preparePicture, type PreparedPicture } from '../data/imaging/prepare.js';
import { answerOf, type Answer } from './answer.js';
import { evidenceOf, type BrowserModel } from './browser-model.js';
import type { EncryptedServer, OpenEncryption } from './encrypted-server.js';
import { oneAtATime } from './latest.js';
import { occlusion } from './occlusion.js';
import { Pad } from './pad.js';
import { offerModels } from './model-choice.js';
import { listenForPictures } from './pictures.js';
import type { ServerAnswer } from './server.js';
import { drawSeen, percent, ProbabilityTable, type Source } from './view.js';

/** Where the page gets its predictions from. */
export interface PageParts {
  /** Describes the model. */
  describe(): Promise<PageModel>;
  /** Loads the model, to run it in the browser. Throws an Error that says why it cannot. */
  load(model: PageModel): Promise<BrowserModel>;
  /** Asks the server for a prediction; left out where there is no server. */
  askServer?: (picture: Blob, signal: AbortSignal) => Promise<ServerAnswer>;
  /** Makes keys in the browser, so that the server is sent encrypted images alone. */
  openEncryption?: OpenEncryption;
}

const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));
/** Assumed until the model's description has arrived. */
const PLAIN = { shape: { height: 28, width: 28, channels: 1 }, preparation: 'digit' } as const;
/** The server is asked when the drawing has not changed for this long, in milliseconds. */
const REST_MS = 120;

/** Starts the page. */
export function openPage(parts: PageParts): void {
  void new Page(parts).begin();
}

class Page {
  readonly #parts: PageParts;
  readonly #sources: readonly Source[];
  readonly #pad = new Pad(element('pad', HTMLCanvasElement), () => {
    this.#drawingChanged();
  });
  readonly #explain = element('explain', HTMLInputElement);
  readonly #encrypt = element('encrypt', HTMLInputElement);
  readonly #seenCanvas = element('seen', HTMLCanvasElement);
  #table: ProbabilityTable;
  #description: PageModel | undefined;
  #model: BrowserModel | undefined;
  #seen: PreparedPicture | undefined;
  #answers: Partial<Record<Source, Answer>> = {};
  #likeliest: number | undefined;
  /** Shown while there is no image. */
  #invitation = 'Add or draw an image';
  #frame: number | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | undefined;
  #encryption: Promise<EncryptedServer> | undefined;

  constructor(parts: PageParts) {
    this.#parts = parts;
    this.#sources = parts.askServer ? ['server', 'browser'] : ['browser'];
    this.#table = this.#newTable(DIGITS);
  }

  async begin(): Promise<void> {
    this.#listen();
    const about = element('model', HTMLElement);
    const engine = element('engine', HTMLElement);
    try {
      const model = (this.#description = await this.#parts.describe());
      this.#table = this.#newTable(model.classNames);
      about.textContent = spellOut(
        `${model.run}, version ${model.version}: ${model.model.name} ${model.model.description}`,
      );
      this.#nameTask(model);
      const canEncrypt = model.takesEncrypted === true && this.#parts.openEncryption !== undefined;
      element('encryption', HTMLElement).hidden = !canEncrypt;
      offerModels(element('choice', HTMLElement), element('models', HTMLSelectElement), model);
      engine.textContent = 'Loading the model into the browser…';
      this.#model = await this.#parts.load(model);
      engine.textContent = `Runs in the browser with ${this.#model.engine}.`;
    } catch (error) {
      if (!this.#description) about.textContent = 'The model’s description is not available.';
      engine.textContent = `This model does not run in the browser: ${messageOf(error)}`;
    }
    this.#explain.disabled = !this.#model;
    if (!this.#pad.isEmpty) this.#drawingChanged();
  }

  /** Speaks of digits where the model knows nothing else. */
  #nameTask({ classNames }: PageModel): void {
    if (!classNames.every((name) => DIGITS.includes(name))) return;
    this.#invitation = 'Draw a digit or add an image';
    element('title', HTMLElement).textContent = 'Draw a digit';
    document.title = 'mnist – draw a digit';
    if (this.#pad.isEmpty) this.#showNothing();
  }

  #newTable(classNames: readonly string[]): ProbabilityTable {
    return new ProbabilityTable(element('probabilities', HTMLTableElement), classNames, this.#sources);
  }

  #listen(): void {
    element('clear', HTMLElement).addEventListener('click', () => {
      this.#pad.clear();
    });
    element('undo', HTMLElement).addEventListener('click', () => {
      this.#pad.undo();
    });
    this.#explain.addEventListener('change', this.#showSeen);
    this.#encrypt.addEventListener('change', () => {
      this.#drawingChanged();
    });
    listenForPictures(element('file', HTMLInputElement), (picture) => {
      createImageBitmap(picture).then(
        (bitmap) => {
          this.#pad.show(bitmap);
        },
        () => {
          this.#complain('This file is not an image that the browser can read.');
        },
      );
    });
  }

  /** Clears what belongs to the drawing before at once; the new one is classified once a frame, however often it changes. */
  #drawingChanged(): void {
    clearTimeout(this.#waiting);
    this.#request?.abort();
    this.#answers = {};
    // A prediction that is still under way sees by this that it is outdated.
    this.#seen = undefined;
    element('comparison', HTMLElement).textContent = '';
    if (this.#pad.isEmpty) this.#look();
    else
      this.#frame ??= requestAnimationFrame(() => {
        this.#look();
      });
  }

  #look(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    const { shape, preparation } = this.#description ?? PLAIN;
    const { isEmpty } = this.#pad;
    const seen = isEmpty ? undefined : preparePicture(this.#pad.picture(), shape, preparation);
    this.#seen = seen?.blank ? undefined : seen;
    if (!this.#seen) {
      this.#showNothing();
      return;
    }
    this.#classify();
    this.#showSeen();
    if (this.#parts.askServer) this.#waiting = setTimeout(() => void this.#consultServer(), REST_MS);
  }

  /** Asks the model in the browser. */
  readonly #classify = oneAtATime(async () => {
    const [seen, model, description] = [this.#seen, this.#model, this.#description];
    if (!seen || !model || !description) return;
    try {
      const logits = await model.logits(seen.pixels, 1);
      // The drawing may have changed meanwhile.
      if (seen !== this.#seen) return;
      this.#answered('browser', answerOf(logits, description.rule));
    } catch (error) {
      this.#model = undefined;
      element('engine', HTMLElement).textContent = `The model failed in the browser: ${messageOf(error)}`;
    }
  });

  async #consultServer(): Promise<void> {
    const controller = (this.#request = new AbortController());
    try {
      const answer = this.#encrypt.checked
        ? await this.#askEncrypted(controller.signal)
        : await this.#askInTheClear(controller.signal);
      if (answer && !controller.signal.aborted) this.#answered('server', answer);
    } catch (error) {
      if (controller.signal.aborted) return;
      this.#table.show('server', undefined);
      this.#complain(`The server did not answer: ${messageOf(error)}`);
    }
  }

  async #askInTheClear(signal: AbortSignal): Promise<Answer> {
    const picture = await this.#pad.file();
    const { label, candidate, probabilities, reason } = await this.#parts.askServer!(picture, signal);
    const names = Object.keys(probabilities);
    // JavaScript reorders keys that are whole numbers, so the order comes from the description.
    const classNames = this.#description?.classNames ?? names;
    return {
      probabilities: classNames.map((name) => probabilities[name] ?? 0),
      likeliest: classNames.indexOf(label ?? candidate ?? ''),
      reason: reason?.message,
    };
  }

  /** Where encryption fails, the image is not sent at all. */
  async #askEncrypted(signal: AbortSignal): Promise<Answer | undefined> {
    const status = element('encryption-status', HTMLElement);
    this.#encryption ??= this.#parts.openEncryption!((doing) => {
      status.textContent = doing;
    });
    try {
      const server = await this.#encryption;
      const seen = this.#seen;
      return seen && (await server.classify(seen.pixels, signal));
    } catch (error) {
      this.#encryption = undefined;
      if (!signal.aborted) status.textContent = 'Nothing was sent unencrypted.';
      throw error;
    }
  }

  #answered(source: Source, answer: Answer): void {
    this.#answers[source] = answer;
    this.#table.show(source, answer.probabilities);
    // The server's prediction counts where there is one.
    this.#conclude(this.#answers.server ?? answer);
    this.#compare();
  }

  #conclude({ probabilities, likeliest, reason }: Answer): void {
    const isNew = this.#likeliest !== likeliest;
    this.#likeliest = likeliest;
    this.#table.mark(likeliest);
    const name = (this.#description?.classNames ?? DIGITS)[likeliest] ?? '?';
    const words = `${spellOut(name)}, ${percent(probabilities[likeliest] ?? 0)}`;
    element('answer', HTMLElement).textContent =
      reason === undefined ? words : `Undecided – best guess: ${words}`;
    if (reason === undefined) element('reason', HTMLElement).hidden = true;
    else this.#complain(`Needs human review: ${reason}`);
    if (isNew && this.#explain.checked) this.#showSeen();
  }

  #complain(text: string): void {
    const reason = element('reason', HTMLElement);
    reason.hidden = false;
    reason.textContent = spellOut(text);
  }

  #compare(): void {
    const { server, browser } = this.#answers;
    if (!server || !browser) return;
    const difference = server.probabilities.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - browser.probabilities[index]!)),
      0,
    );
    element('comparison', HTMLElement).textContent =
      `Largest difference between server and browser: ${difference.toExponential(1)}`;
  }

  #showNothing(): void {
    this.#likeliest = undefined;
    for (const source of this.#sources) this.#table.show(source, undefined);
    this.#table.mark(undefined);
    element('answer', HTMLElement).textContent = this.#invitation;
    element('reason', HTMLElement).hidden = true;
    const canvas = this.#seenCanvas;
    canvas.setAttribute('aria-label', 'No image yet');
    canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
  }

  readonly #showSeen = oneAtATime(async () => {
    const [seen, model, target] = [this.#seen, this.#model, this.#likeliest];
    if (!seen) return;
    const { pixels, shape } = seen;
    const isExplained = this.#explain.checked && model && target !== undefined;
    const heat = isExplained
      ? await occlusion(pixels, shape, async (images, count) =>
          evidenceOf(await model.logits(images, count), count, target),
        )
      : undefined;
    if (seen !== this.#seen) return;
    drawSeen(this.#seenCanvas, pixels, shape, heat);
    const how = seen.inverted ? 'inverted, cropped and centred' : 'cropped and centred';
    this.#seenCanvas.setAttribute('aria-label', `The image as the model sees it: ${how}`);
  });
}

function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
