import { spellOut } from '../core/formats/unsafe-characters.js';
import type { PageExample, PageModel } from '../deployment/web/page-model.js';
import { preparePicture, type PreparedPicture } from '../data/imaging/prepare.js';
import { answerOf, type Answer } from './answer.js';
import { evidenceOf, type BrowserModel } from './browser-model.js';
import type { EncryptedServer, OpenEncryption } from './encrypted-server.js';
import { oneAtATime } from './latest.js';
import { occlusion } from './occlusion.js';
import { offerCamera } from './input/camera.js';
import { Examples } from './input/examples.js';
import { Pad } from './input/pad.js';
import { listenForPictures } from './input/pictures.js';
import { LikeliestTable, showHeadline } from './likeliest.js';
import { offerModels } from './model-choice.js';
import type { ServerAnswer } from './server.js';
import { drawSeen, ProbabilityTable, type Source } from './view.js';

/** Where the page gets its predictions from. */
export interface PageParts {
  /** Describes the model. */
  describe(): Promise<PageModel>;
  /** Loads the model, to run it in the browser. Throws an Error that says why it cannot. */
  load(model: PageModel): Promise<BrowserModel>;
  /** Asks the server for a prediction; left out where there is no server. */
  askServer?: (picture: Blob, signal: AbortSignal) => Promise<ServerAnswer>;
  /** Gives images to try; left out where there are none. */
  examples?: () => Promise<readonly PageExample[]>;
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
  readonly #answer = element('answer', HTMLElement);
  readonly #examples = new Examples(
    element('examples', HTMLElement),
    element('example-label', HTMLElement),
    (image) => {
      this.#pad.show(image);
    },
  );
  #table: ProbabilityTable;
  #likeliestTable: LikeliestTable;
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
    [this.#table, this.#likeliestTable] = this.#newTables(DIGITS);
  }

  async begin(): Promise<void> {
    this.#listen();
    const about = element('model', HTMLElement);
    const engine = element('engine', HTMLElement);
    try {
      const model = (this.#description = await this.#parts.describe());
      [this.#table, this.#likeliestTable] = this.#newTables(model.classNames);
      about.textContent = spellOut(
        `${model.run}, version ${model.version}: ${model.model.name} ${model.model.description}`,
      );
      this.#nameTask(model);
      const canEncrypt = model.takesEncrypted === true && this.#parts.openEncryption !== undefined;
      element('encryption', HTMLElement).hidden = !canEncrypt;
      void this.#offerExamples();
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

  /** Speaks of digits where the model knows nothing else, and learnt from drawn ones. */
  #nameTask({ classNames, shape, preparation }: PageModel): void {
    const isDrawn = shape.channels === 1 && preparation === 'digit';
    if (isDrawn) element('prompt', HTMLElement).textContent = 'Draw here';
    if (!isDrawn || !classNames.every((name) => DIGITS.includes(name))) return;
    this.#invitation = 'Draw a digit or add an image';
    element('title', HTMLElement).textContent = 'Draw a digit';
    document.title = 'mnist – draw a digit';
    if (this.#pad.isEmpty) this.#showNothing();
  }

  async #offerExamples(): Promise<void> {
    // The page is as good without them.
    const examples = await this.#parts.examples?.().catch(() => []);
    this.#examples.show(examples ?? []);
  }

  #newTables(classNames: readonly string[]): [ProbabilityTable, LikeliestTable] {
    return [
      new ProbabilityTable(element('probabilities', HTMLTableElement), classNames, this.#sources),
      new LikeliestTable(element('likeliest', HTMLTableElement), classNames),
    ];
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
    this.#listenForImages();
  }

  #listenForImages(): void {
    const shown = (image: ImageBitmap): void => {
      this.#pad.show(image);
    };
    const complain = (text: string): void => {
      this.#complain(text);
    };
    offerCamera({
      video: element('camera', HTMLVideoElement),
      tools: { off: element('tools', HTMLElement), on: element('camera-tools', HTMLElement) },
      open: element('camera-open', HTMLButtonElement),
      take: element('camera-take', HTMLButtonElement),
      close: element('camera-close', HTMLButtonElement),
      taken: shown,
      complain,
    });
    listenForPictures(element('file', HTMLInputElement), (picture) => {
      createImageBitmap(picture).then(shown, () => {
        complain('This file is not an image that the browser can read.');
      });
    });
  }

  /** Clears what belongs to the drawing before at once; the new one is classified once a frame, however often it changes. */
  #drawingChanged(): void {
    clearTimeout(this.#waiting);
    this.#request?.abort();
    this.#answers = {};
    // A prediction that is still under way sees by this that it is outdated.
    this.#seen = undefined;
    this.#examples.release();
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
    const {
      label,
      candidate,
      probabilities,
      reason,
      unlike = false,
    } = await this.#parts.askServer!(picture, signal);
    const names = Object.keys(probabilities);
    // JavaScript reorders keys that are whole numbers, so the order comes from the description.
    const classNames = this.#description?.classNames ?? names;
    return {
      probabilities: classNames.map((name) => probabilities[name] ?? 0),
      likeliest: classNames.indexOf(label ?? candidate ?? ''),
      reason: reason?.message,
      unlike,
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

  #conclude({ probabilities, likeliest, reason, unlike }: Answer): void {
    const isNew = this.#likeliest !== likeliest;
    this.#likeliest = likeliest;
    this.#table.mark(likeliest);
    this.#likeliestTable.show(probabilities);
    showHeadline(this.#answer, {
      ...(reason === undefined ? {} : { lead: 'Undecided – best guess:' }),
      name: spellOut((this.#description?.classNames ?? DIGITS)[likeliest] ?? '?'),
      probability: probabilities[likeliest] ?? 0,
    });
    const doubts = [
      ...(reason === undefined ? [] : [`Needs human review: ${reason}`]),
      ...(unlike ? ['This image is unlike the training images: do not rely on the prediction.'] : []),
    ];
    if (doubts.length === 0) element('reason', HTMLElement).hidden = true;
    else this.#complain(doubts.join(' '));
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
    this.#likeliestTable.show(undefined);
    showHeadline(this.#answer, this.#invitation);
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
