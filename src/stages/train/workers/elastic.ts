import { ToolkitError } from '../../../core/errors.js';
import { flagOf } from '../../../core/config/fields.js';
import type { TrainConfiguration } from '../train-options.js';

/** How many workers a job has, and how it goes on when one is lost. */
export interface JobSize {
  readonly workers: number;
  /** Where a worker is lost, the job goes on with one less, down to so many. */
  readonly least: number;
  /** How often it may go on with as many as before. */
  readonly restarts: number;
}

/** The options that say how many workers a job has. */
type SizeOptions = Pick<TrainConfiguration, 'workers' | 'restarts' | 'elastic'>;

/**
 * The size of the first job of a run: a range begins with as many workers as there are cores. Throws USAGE for a range that is none, and for
 * one beside a number.
 */
export function firstSize({ workers, restarts, elastic }: SizeOptions, cores: number): JobSize {
  if (elastic === undefined) return { workers, least: workers, restarts };
  const [least = 0, most = 0] = elastic.split(':').map(Number);
  if (least < 1 || most < least) {
    throw usage(`${elastic} is no range of workers`, 'name the least and the most, such as 2:8');
  }
  if (workers > 1) throw usage(`cannot be combined with --workers ${workers}`, 'leave out one of them');
  return { workers: Math.min(most, Math.max(least, cores)), least, restarts };
}

/**
 * The size of the job after one that lost a worker; undefined where there is none. What took the worker, such as too little memory, is mostly
 * still there, so that a range gives up the worker's place rather than filling it. That ends by itself, and does not count as a restart.
 */
export function nextSize({ workers, least, restarts }: JobSize): JobSize | undefined {
  if (workers > least) return { workers: workers - 1, least, restarts };
  return restarts > 0 ? { workers, least, restarts: restarts - 1 } : undefined;
}

function usage(reason: string, hint: string): ToolkitError {
  return new ToolkitError('USAGE', { message: `${flagOf('elastic')}: ${reason}`, hint });
}
