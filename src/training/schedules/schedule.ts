import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';

/** How long a run is. */
export interface RunLength {
  /** Over all epochs. */
  steps: number;
  stepsPerEpoch: number;
}

/** How the learning rate changes over a run. */
export interface Schedule {
  /**
   * What the optimiser's learning rate is multiplied by at a step: of its number alone, so that a run that is resumed goes on with
   * the rate that it would have had.
   *
   * @param step counts from 0
   */
  factorAt(step: number, run: RunLength): number;
  /** The optimiser's momentum at a step, Adam's β₁; left out, it stays as the optimiser has it. */
  momentumAt?(step: number, run: RunLength): number;
}

/** A plug-in of the schedule registry. */
export interface ScheduleDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** The paper or textbook that it is from. */
  readonly source: string;
  build(options: z.output<Options>): Schedule;
}

/** Says what a schedule is, keeping the types of its options. */
export function defineSchedule<Name extends string, Options extends z.ZodObject>(
  definition: ScheduleDefinition<Name, Options>,
): ScheduleDefinition<Name, Options> {
  return definition;
}
