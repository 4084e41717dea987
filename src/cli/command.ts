import { z } from 'zod';

import type { Layer, OptionSpace, Resolution } from '../core/config/resolve.js';
import type { StageContext } from '../core/events.js';
import { backendOptions } from '../engine/backends/options.js';
import { checkpointsDirOption, dataDirOption, seedOption } from '../core/config/common-options.js';
import type { Outcome } from './terminal/reporter.js';

/** What stands on the command line without a flag. */
export interface Positional {
  name: string;
  description: string;
  required: boolean;
  /** Whether it may stand any number of times; the last positional alone. */
  variadic?: boolean;
  /** The words that are allowed. */
  choices?: readonly string[];
  /** The option that it is another way of writing, such as the data set's name. */
  key?: string;
}

/** The checkpoint that most commands work with. */
export const checkpointPositional: Positional = {
  name: 'checkpoint',
  description: 'a checkpoint file, a run’s folder or name, or "latest"',
  required: true,
};

/** What a command is run with. */
export interface Call<Space extends OptionSpace> {
  positionals: readonly string[];
  options: Resolution<Space>['values'];
  resolution: Resolution<Space>;
  context: StageContext;
  environment: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadableStream;
  /** Asks a question on the terminal; undefined where nobody can answer. */
  confirm: ((question: string) => Promise<boolean>) | undefined;
}

/** A command: it maps the words of the command line to a call of the library, and no more. */
export interface Command<Space extends OptionSpace = OptionSpace> {
  summary: string;
  positionals: readonly Positional[];
  space: Space;
  /** Commands as one would type them, and what they do. */
  examples: readonly (readonly [command: string, effect: string])[];
  /** How the settings are merged, where it is not the common way. */
  resolve?(layers: readonly Layer[]): Promise<Resolution<Space>>;
  run(call: Call<Space>): Promise<Outcome>;
}

/** Says what a command is, keeping the types of its options. */
export function defineCommand<Space extends OptionSpace>(command: Command<Space>): Command<Space> {
  return command;
}

/** How a command shows what it does; every command has these. */
export const presentationFields = z.strictObject({
  config: z.string().min(1).optional().meta({
    description: 'JSON file with options',
    placeholder: 'FILE',
  }),
  json: z.boolean().default(false).meta({ description: 'print JSON lines on stdout, for programs' }),
  quiet: z.boolean().default(false).meta({ description: 'print results, warnings and errors alone' }),
  color: z.boolean().default(true).meta({ description: 'print without colours (as NO_COLOR does)' }),
  verbose: z
    .boolean()
    .default(false)
    .meta({ description: 'print stack traces of errors, and details of results' }),
  printConfig: z
    .boolean()
    .default(false)
    .meta({ description: 'print each option’s value and where it came from, and do nothing' }),
});

export type Presentation = z.output<typeof presentationFields>;

/** What a script may pass to any command, whether it matters there or not; each command's space includes them. */
export const commonFields = z.strictObject({
  seed: seedOption,
  dataDir: dataDirOption,
  checkpointsDir: checkpointsDirOption,
  ...backendOptions,
});

/** Whether an option is among those that every command takes. */
export function isCommon(key: string): boolean {
  return key in commonFields.shape || key in presentationFields.shape;
}
