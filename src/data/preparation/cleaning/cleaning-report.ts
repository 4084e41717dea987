import type { CheckMode } from '../checks/check.js';
import { checks } from '../checks/index.js';
import type { CheckModes, Cleaned, FindingRecord } from './clean.js';

/** How many findings of each check a report shows; all of them are in `findings.jsonl`. */
const SHOWN = 10;

/** What one check found, and what was done about it. */
export interface CheckReport {
  mode: CheckMode;
  /** How many findings there are in each file. */
  found: { train: number; test: number };
  dropped: number;
  relabelled: number;
  /** The worst findings. */
  worst: FindingRecord[];
}

/** How a data set was cleaned; positions are those in the raw files. */
export interface CleaningReport {
  denoise: string;
  /** By the name of the check. */
  checks: Record<string, CheckReport>;
  /** Images that are in the raw files and not among the prepared. */
  dropped: { train: number; test: number };
  relabelled: number;
}

/** Sums up what cleaning found and did. */
export function reportCleaning(
  { findings, changes }: Pick<Cleaned, 'findings' | 'changes'>,
  modes: CheckModes,
  denoise: string,
): CleaningReport {
  const reports = [...checks].map(({ name, fallback }): [string, CheckReport] => {
    const own = findings.filter(({ check }) => check === name);
    const count = (test: (finding: FindingRecord) => boolean): number => own.filter(test).length;
    return [
      name,
      {
        mode: modes.get(name) ?? fallback,
        found: {
          train: count(({ split }) => split === 'train'),
          test: count(({ split }) => split === 'test'),
        },
        dropped: count(({ action }) => action === 'drop'),
        relabelled: count(({ action }) => action === 'relabel'),
        worst: own.slice(0, SHOWN),
      },
    ];
  });
  const dropped = changes.filter(({ action }) => action === 'drop');
  return {
    denoise,
    checks: Object.fromEntries(reports),
    dropped: {
      train: dropped.filter(({ split }) => split === 'train').length,
      test: dropped.filter(({ split }) => split === 'test').length,
    },
    relabelled: changes.length - dropped.length,
  };
}
