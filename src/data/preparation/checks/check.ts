import type { StageContext } from '../../../core/events.js';
import type { Named } from '../../../core/registry.js';
import type { LabelledImages } from '../../../core/images.js';
import type { Predictions } from '../cleaning/cross-validation.js';

/**
 * What is done about the findings of a check: `off` does not look, `report` lists them, `drop` leaves the images out, `fix`
 * changes what can be changed, and `refuse` ends the stage with an error.
 */
export type CheckMode = 'off' | 'report' | 'drop' | 'fix' | 'refuse';

/** The file that an image comes from. */
export type SplitName = 'train' | 'test';

/** An image by the file that it comes from and its position there, from 0. */
export interface ImagePosition {
  split: SplitName;
  index: number;
}

/** Something that a check found about an image. */
export interface Finding extends ImagePosition {
  /** What is wrong, for people. */
  reason: string;
  /** How wrong it is, where the check has a measure; its documentation says which. */
  score?: number;
  /** The image that this one is compared with. */
  other?: ImagePosition;
  /** Whether `drop` leaves the image out. */
  droppable: boolean;
  /** The class that `fix` gives it; without one, `fix` does what `drop` does. */
  label?: number;
}

/** What a check looks at. Positions in it are those in the raw files, whatever earlier checks have found. */
export interface CheckInput {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
  readonly classNames: readonly string[];
  /** Whether an earlier check leaves an image out. */
  isDropped(position: ImagePosition): boolean;
  /** What models say that were trained without the image in question; computed when first asked for. */
  predictions(): Promise<Predictions>;
}

/** A plug-in of the registry of checks. */
export interface CheckDefinition<Name extends string = string> extends Named<Name> {
  /** Where the method comes from. */
  readonly source: string;
  /** The modes that make sense; `off` is always allowed where a set can be prepared without the check. */
  readonly modes: readonly CheckMode[];
  /** The mode when nobody says anything. */
  readonly fallback: CheckMode;
  /** Whether it computes on a backend in the given mode. */
  needsBackend(mode: CheckMode): boolean;
  /** Lists what it finds, the worst first. */
  run(input: CheckInput, mode: CheckMode, context: StageContext): Promise<readonly Finding[]>;
}

/** Says what a check is, keeping the type of its name. */
export function defineCheck<Name extends string>(check: CheckDefinition<Name>): CheckDefinition<Name> {
  return check;
}

/** The two files of a data set, by name. */
export function splitsOf({ train, test }: Pick<CheckInput, 'train' | 'test'>): [SplitName, LabelledImages][] {
  return [
    ['train', train],
    ['test', test],
  ];
}
