import { constantValue } from '../../core/images.js';
import { DARK, darkWarning, namedClasses } from '../data-warnings.js';
import { printable, type Rejection } from '../rejection.js';
import type { Note } from './sample.js';

/** A class of which no image was imported so far. */
interface RejectedClass {
  count: number;
  first: Rejection;
}

/** Limits memory: a table of measurements has a different label in each row. */
const MAX_REJECTED_CLASSES = 1000;

/** Statistics of an import, for warnings about lost classes and useless images. */
export class ImportTally {
  readonly #taken = new Set<string>();
  readonly #rejected = new Map<string, RejectedClass>();
  #images = 0;
  #blank = 0;
  #brightest = 0;

  /** Counts an imported image. */
  take(label: string, pixels: Uint8Array): void {
    this.#taken.add(label);
    this.#images++;
    const value = constantValue(pixels);
    if (value !== undefined) this.#blank++;
    if (this.#brightest >= DARK) return;
    for (const pixel of pixels) if (pixel > this.#brightest) this.#brightest = pixel;
  }

  /** Counts a rejected file, row or image. */
  reject(rejection: Rejection): void {
    const label = rejection.label?.normalize('NFC').trim();
    if (!label) return;
    const known = this.#rejected.get(label);
    if (known) known.count++;
    else if (this.#rejected.size < MAX_REJECTED_CLASSES)
      this.#rejected.set(label, { count: 1, first: rejection });
  }

  /** The warnings of an import. */
  warnings(): Note[] {
    return [...this.#lostClasses(), ...this.#uselessImages()];
  }

  #lostClasses(): Note[] {
    const lost = [...this.#rejected].filter(([label]) => !this.#taken.has(label));
    const [example] = lost;
    if (!example) return [];
    const names = namedClasses(lost.map(([label]) => printable(label)));
    const count = lost.reduce((sum, [, rejected]) => sum + rejected.count, 0);
    const { name, reason } = example[1].first;
    return [
      {
        event: 'warning',
        code: 'CLASS_LOST',
        message: `missing from the data set: ${names}; all ${count} of its files or rows were rejected (${printable(name)}: ${reason})`,
        hint: 'convert or repair these images and collect again; rejected.jsonl lists each with its reason',
      },
    ];
  }

  #uselessImages(): Note[] {
    if (2 * this.#blank > this.#images) {
      const message = `${this.#blank} of ${this.#images} images are blank: all their pixels are equal`;
      const hint =
        'look at them with "mnist datasets show --contact-sheet"; --invert and --centre change how they are made';
      return [{ event: 'warning', code: 'BLANK_IMAGES', message, hint }];
    }
    return this.#images > 0 && this.#brightest < DARK ? [darkWarning(this.#brightest)] : [];
  }
}
