import { z } from 'zod';

/** Where an image is: in a data set's training file or its test file, counted from 0. */
export interface ImagePlace {
  file: 'train' | 'test';
  index: number;
}

/** Something that the examination of a data set has found. */
export interface Finding {
  /** As the report calls it: `duplicates`. */
  key: string;
  title: string;
  /** How many images or groups. */
  count: number;
  /** Some of the images concerned, those of a group together. */
  examples: ImagePlace[][];
}

const MAX_EXAMPLES = 12;

/** Titles of findings that need more words than their key has. */
const TITLES: Readonly<Record<string, string>> = {
  constantImages: 'Single-colour images',
  duplicates: 'Exact duplicates (groups)',
  nearDuplicates: 'Near duplicates',
  leakedTestImages: 'Test images also in the training set',
  outliers: 'Outliers',
  labelErrors: 'Likely label errors',
};

/** Keys of a report that describe the data rather than find fault with them. */
const DESCRIPTIONS = new Set(['dataset', 'classNames', 'counts', 'pixels']);

const perFile = z.looseObject({ train: z.array(z.unknown()), test: z.array(z.unknown()) });
const found = z.union([z.array(z.unknown()), perFile]);
const place = z.looseObject({
  file: z.string().optional(),
  split: z.string().optional(),
  index: z.int().min(0).optional(),
  position: z.int().min(0).optional(),
});

/**
 * The findings of a quality report, whatever checks have written it: each key whose value is a list, or a list for each of the
 * files `train` and `test`. What cannot be understood is counted all the same.
 */
export function findingsOf(report: unknown): Finding[] {
  const entries = z.record(z.string(), z.unknown()).safeParse(report);
  if (!entries.success) return [];
  return Object.entries(entries.data).flatMap(([key, value]): Finding[] => {
    const parsed = found.safeParse(value);
    if (DESCRIPTIONS.has(key) || !parsed.success) return [];
    const groups = Array.isArray(parsed.data)
      ? parsed.data.map((entry) => placesOf(entry, key.includes('est') ? 'test' : 'train'))
      : (['train', 'test'] as const).flatMap((file) =>
          (parsed.data as z.output<typeof perFile>)[file].map((entry) => placesOf(entry, file)),
        );
    const examples = groups.filter((group) => group.length > 0).slice(0, MAX_EXAMPLES);
    return [{ key, title: TITLES[key] ?? inWords(key), count: groups.length, examples }];
  });
}

const checkRecord = z.looseObject({
  check: z.string(),
  action: z.string().optional(),
  split: z.enum(['train', 'test']),
  index: z.int().min(0),
  other: z.looseObject({ split: z.enum(['train', 'test']), index: z.int().min(0) }).optional(),
});

/**
 * What the checks of `preprocess` found, from `findings.jsonl`: a finding for each check. Its positions are those in the raw files:
 * where images were dropped, the prepared ones have others, and no examples are given.
 */
export function findingsOfChecks(lines: string): Finding[] {
  const records = lines.split('\n').flatMap((line) => {
    const parsed = checkRecord.safeParse(parseLine(line));
    return parsed.success ? [parsed.data] : [];
  });
  const keepsPositions = records.every(({ action }) => action !== 'drop');
  const groups = new Map<string, Finding>();
  for (const { check, split, index, other } of records) {
    const finding = groups.get(check) ?? {
      key: check,
      title: `Check: ${check.replaceAll('-', ' ')}`,
      count: 0,
      examples: [],
    };
    finding.count += 1;
    if (keepsPositions && finding.examples.length < MAX_EXAMPLES) {
      const compared = other ? [{ file: other.split, index: other.index }] : [];
      finding.examples.push([{ file: split, index }, ...compared]);
    }
    groups.set(check, finding);
  }
  return [...groups.values()];
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

/** The images that an entry names: by number, as a list of numbers, or in objects. */
function placesOf(entry: unknown, file: ImagePlace['file']): ImagePlace[] {
  if (Array.isArray(entry)) return entry.flatMap((part) => placesOf(part, file));
  if (typeof entry === 'number') return Number.isInteger(entry) && entry >= 0 ? [{ file, index: entry }] : [];
  const parsed = place.safeParse(entry);
  if (!parsed.success) return [];
  const named = parsed.data.file ?? parsed.data.split;
  const own = named === undefined ? file : named === 'test' ? 'test' : 'train';
  const index = parsed.data.index ?? parsed.data.position;
  if (index !== undefined) return [{ file: own, index }];
  // A pair, with an image under each of its keys.
  return Object.entries(parsed.data).flatMap(([key, value]) =>
    typeof value === 'object' || (key === 'train' || key === 'test' ? typeof value === 'number' : false)
      ? placesOf(value, key === 'train' || key === 'test' ? key : own)
      : [],
  );
}

/** "likelyErrors" as "Likely errors". */
function inWords(key: string): string {
  const words = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
