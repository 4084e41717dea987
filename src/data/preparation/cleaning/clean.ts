import type { StageContext } from '../../../core/events.js';
import { selectImages, type LabelledImages } from '../../../core/images.js';
import type {
  CheckDefinition,
  CheckInput,
  CheckMode,
  Finding,
  ImagePosition,
  SplitName,
} from '../checks/check.js';
import { checks } from '../checks/index.js';
import type { Predictions } from './cross-validation.js';

/** The mode of every check, by name. */
export type CheckModes = ReadonlyMap<string, CheckMode>;

/** A finding, by whom, and what was done about it. */
export interface FindingRecord extends Finding {
  check: string;
  action: 'none' | 'drop' | 'relabel';
}

/** One image that is not in the prepared data, or is there with another label; positions are those in the raw files. */
export interface Change extends ImagePosition {
  action: 'drop' | 'relabel';
  check: string;
  reason: string;
  /** The label in the raw file. */
  from: number;
  /** The label that it was given; null where the image was left out. */
  to: number | null;
}

/** What cleaning ends with. */
export interface Cleaned {
  train: LabelledImages;
  test: LabelledImages;
  findings: FindingRecord[];
  /** In the order of the files. */
  changes: Change[];
}

/** What is cleaned. */
export interface CleaningInput extends Pick<CheckInput, 'train' | 'test' | 'classNames'> {
  /** Cross-validated predictions from training images at some indices. */
  predict(usable: Int32Array): Promise<Predictions>;
}

/**
 * Runs the checks in the order of their registry and does about their findings what the modes say. The given images stay as
 * they are; what is dropped or relabelled is missing or changed in the ones returned, and listed.
 */
export async function clean(
  input: CleaningInput,
  modes: CheckModes,
  context: StageContext,
): Promise<Cleaned> {
  const changes = new Map<string, Change>();
  const isDropped = (position: ImagePosition): boolean => changes.get(keyOf(position))?.action === 'drop';
  let predicted: Promise<Predictions> | undefined;
  const seen: CheckInput = {
    ...input,
    isDropped,
    predictions: () => (predicted ??= input.predict(usableImages(input, isDropped))),
  };
  const findings: FindingRecord[] = [];
  for (const check of checks) {
    const mode = modes.get(check.name) ?? check.fallback;
    if (mode === 'off') continue;
    context.signal.throwIfAborted();
    for (const finding of await check.run(seen, mode, context)) {
      const change = changes.has(keyOf(finding)) ? undefined : changeFor(finding, check, mode, input);
      if (change) changes.set(keyOf(finding), change);
      findings.push({ check: check.name, action: change?.action ?? 'none', ...finding });
    }
  }
  return { ...apply(input, changes), findings, changes: sorted(changes) };
}

/** Whether any check computes on a backend. */
export function needsBackend(modes: CheckModes): boolean {
  return [...checks].some((check) => {
    const mode = modes.get(check.name) ?? check.fallback;
    return mode !== 'off' && check.needsBackend(mode);
  });
}

function keyOf({ split, index }: ImagePosition): string {
  return `${split}/${index}`;
}

function usableImages(
  { train, classNames }: CleaningInput,
  isDropped: (position: ImagePosition) => boolean,
): Int32Array {
  return Int32Array.from(train.labels.keys()).filter(
    (index) => train.labels[index]! < classNames.length && !isDropped({ split: 'train', index }),
  );
}

function changeFor(
  finding: Finding,
  { name }: CheckDefinition,
  mode: CheckMode,
  data: CleaningInput,
): Change | undefined {
  const { split, index, reason, droppable, label } = finding;
  const from = data[split].labels[index]!;
  if (mode === 'fix' && label !== undefined) {
    return { split, index, action: 'relabel', check: name, reason, from, to: label };
  }
  return (mode === 'drop' || mode === 'fix') && droppable
    ? { split, index, action: 'drop', check: name, reason, from, to: null }
    : undefined;
}

function apply(
  input: CleaningInput,
  changes: ReadonlyMap<string, Change>,
): Record<SplitName, LabelledImages> {
  if (changes.size === 0) return { train: input.train, test: input.test };
  return { train: applyTo('train', input, changes), test: applyTo('test', input, changes) };
}

function applyTo(
  split: SplitName,
  input: CleaningInput,
  changes: ReadonlyMap<string, Change>,
): LabelledImages {
  const { labels } = input[split];
  const kept = Array.from(labels.keys()).filter(
    (index) => changes.get(keyOf({ split, index }))?.action !== 'drop',
  );
  const cleaned = selectImages(input[split], kept);
  const relabelled = kept.map((index) => changes.get(keyOf({ split, index }))?.to ?? labels[index]!);
  return { ...cleaned, labels: Uint8Array.from(relabelled) };
}

function sorted(changes: ReadonlyMap<string, Change>): Change[] {
  const rank = ({ split, index }: Change): number => (split === 'train' ? 0 : 2 ** 32) + index;
  return [...changes.values()].sort((a, b) => rank(a) - rank(b));
}
