import type { Picture } from '../../data/imaging/picture.js';

interface Point {
  x: number;
  y: number;
}

/** The pen's width and a key's step, in pixels of the drawing. */
const PEN = 20;
const STEP = 7;
const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -STEP, y: 0 },
  ArrowRight: { x: STEP, y: 0 },
  ArrowUp: { x: 0, y: -STEP },
  ArrowDown: { x: 0, y: STEP },
};

/** The drawing area: takes strokes of a mouse, a finger, a pen or the keyboard, over an image if one was opened. */
export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #changed: () => void;
  #strokes: Point[][] = [];
  #picture: ImageBitmap | undefined;
  #pointer: number | undefined;
  #pen: Point;
  #isPenDown = false;
  #isPenShown = false;

  /** @param changed called after each change of the drawing */
  constructor(canvas: HTMLCanvasElement, changed: () => void) {
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('this browser cannot draw');
    this.#canvas = canvas;
    this.#context = context;
    this.#changed = changed;
    this.#pen = { x: canvas.width / 2, y: canvas.height / 2 };
    this.#listen();
    canvas.classList.add('is-empty');
    this.#paint(false);
  }

  get isEmpty(): boolean {
    return this.#strokes.length === 0 && !this.#picture;
  }

  clear(): void {
    this.#strokes = [];
    this.#picture?.close();
    this.#picture = undefined;
    this.#isPenDown = false;
    this.#update();
  }

  /** Undoes the last stroke; without strokes, removes the image. */
  undo(): void {
    if (this.#strokes.length === 0) {
      this.clear();
      return;
    }
    this.#strokes.pop();
    this.#isPenDown = false;
    this.#update();
  }

  /** Replaces the drawing with an image. */
  show(picture: ImageBitmap): void {
    this.clear();
    this.#picture = picture;
    this.#update();
  }

  /** The drawing as a picture, without the keyboard's pen. */
  picture(): Picture {
    this.#paint(false);
    const { width, height } = this.#canvas;
    const { data } = this.#context.getImageData(0, 0, width, height);
    this.#paint(this.#isPenShown);
    return { width, height, rgba: data };
  }

  /** The same as a file. */
  file(): Promise<Blob> {
    const { width, height, rgba } = this.picture();
    const copy = document.createElement('canvas');
    copy.width = width;
    copy.height = height;
    copy.getContext('2d')!.putImageData(new ImageData(new Uint8ClampedArray(rgba), width, height), 0, 0);
    return new Promise((resolve, reject) => {
      copy.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error('the drawing cannot be encoded'));
      }, 'image/png');
    });
  }

  #listen(): void {
    const canvas = this.#canvas;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || this.#pointer !== undefined) return;
      this.#pointer = event.pointerId;
      canvas.setPointerCapture(event.pointerId);
      this.#isPenShown = this.#isPenDown = false;
      this.#strokes.push([this.#place(event)]);
      this.#update();
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.pointerId !== this.#pointer) return;
      // A fast finger moves further between two frames than a stroke is wide.
      const events = event.getCoalescedEvents();
      for (const each of events.length > 0 ? events : [event]) this.#strokes.at(-1)?.push(this.#place(each));
      this.#update();
    });
    for (const name of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(name, (event) => {
        if (event.pointerId === this.#pointer) this.#pointer = undefined;
      });
    }
    canvas.addEventListener('keydown', (event) => {
      if (this.#key(event)) event.preventDefault();
    });
    canvas.addEventListener('blur', () => {
      this.#isPenShown = this.#isPenDown = false;
      this.#paint(false);
    });
  }

  #key({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    if (ctrlKey || metaKey || altKey) return false;
    if (key === 'Delete' || key === 'Backspace') {
      this.clear();
      return true;
    }
    const step = ARROWS[key];
    if (key !== ' ' && !step) return false;
    this.#isPenShown = true;
    if (key === ' ') {
      this.#isPenDown = !this.#isPenDown;
      if (this.#isPenDown) this.#strokes.push([{ ...this.#pen }]);
    }
    if (step) {
      const within = (value: number, most: number): number =>
        Math.min(most - PEN / 2, Math.max(PEN / 2, value));
      this.#pen = {
        x: within(this.#pen.x + step.x, this.#canvas.width),
        y: within(this.#pen.y + step.y, this.#canvas.height),
      };
      if (this.#isPenDown) this.#strokes.at(-1)?.push({ ...this.#pen });
    }
    this.#update();
    return true;
  }

  #place({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return {
      x: ((clientX - left) / width) * this.#canvas.width,
      y: ((clientY - top) / height) * this.#canvas.height,
    };
  }

  #update(): void {
    this.#canvas.classList.toggle('is-empty', this.isEmpty);
    this.#canvas.classList.toggle('with-image', this.#picture !== undefined);
    this.#paint(this.#isPenShown);
    this.#changed();
  }

  #paint(withPen: boolean): void {
    const context = this.#context;
    const { width, height } = this.#canvas;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    if (this.#picture) this.#paintPicture(this.#picture);
    context.strokeStyle = context.fillStyle = '#000';
    context.lineWidth = PEN;
    context.lineCap = context.lineJoin = 'round';
    for (const stroke of this.#strokes) {
      context.beginPath();
      for (const { x, y } of [stroke[0]!, ...stroke]) context.lineTo(x, y);
      context.stroke();
    }
    if (!withPen) return;
    context.beginPath();
    context.arc(this.#pen.x, this.#pen.y, PEN / 2, 0, 2 * Math.PI);
    context.lineWidth = 3;
    context.strokeStyle = this.#isPenDown ? '#c2410c' : '#1f5fa8';
    context.stroke();
  }

  /** The whole picture, filling the pad with its background where its shape is another: the first pixel stands for that. */
  #paintPicture(picture: ImageBitmap): void {
    const { width, height } = this.#canvas;
    const scale = Math.min(width / picture.width, height / picture.height);
    const [drawnWidth, drawnHeight] = [picture.width * scale, picture.height * scale];
    // The pixels of a small image stay what they are.
    this.#context.imageSmoothingEnabled = scale < 1;
    this.#context.drawImage(picture, 0, 0, 1, 1, 0, 0, width, height);
    this.#context.drawImage(
      picture,
      (width - drawnWidth) / 2,
      (height - drawnHeight) / 2,
      drawnWidth,
      drawnHeight,
    );
  }
}
