import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';

/** The length of a run. */
export interface RunLength {
  /** Steps of all epochs. */
  steps: number;
  stepsPerEpoch: number;
}

/** How the learning rate changes over a run. */
export interface Schedule {
  /**
   * The factor of the optimiser's learning rate at a step. It depends only on the step's number, so that a resumed run continues with
   * the same rates.
   *
   * @param step counts from 0
   */
  factorAt(step: number, run: RunLength): number;
  /** The momentum, or Adam's β₁, at a step; by default the optimiser's own. */
  momentumAt?(step: number, run: RunLength): number;
}

/** A plug-in of the schedule registry. */
export interface ScheduleDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** The paper or textbook that defines it. */
  readonly source: string;
  /** Builds the schedule of its options. */
  build(options: z.output<Options>): Schedule;
}

/** Defines a schedule, with the types of its options inferred. */
export function defineSchedule<Name extends string, Options extends z.ZodObject>(
  definition: ScheduleDefinition<Name, Options>,
): ScheduleDefinition<Name, Options> {
  return { kind: 'schedule', ...definition };
}
