import { z } from 'zod';

import { encryptionFields } from '../core/encryption/options.js';
import { seedOption } from '../core/config/common-options.js';
import type { Choice, Layer, OptionSpace, Resolution } from '../core/config/resolve.js';
import type { StageContext } from '../core/events.js';
import { modelStageOptions } from '../engine/backends/options.js';
import type { Outcome } from './terminal/reporter.js';

/** A positional argument. */
export interface Positional {
  name: string;
  description: string;
  required: boolean;
  /** Whether it may be repeated; only the last positional. */
  variadic?: boolean;
  /** What it names, for shell completion; nothing that can be listed, where it is left out. */
  kind?: 'checkpoint' | 'run' | 'dataset' | 'file' | 'folder';
  /** The allowed values. */
  choices?: readonly string[];
  /** The option that it sets, such as `dataset`. */
  key?: string;
}

/** The checkpoint that most commands work with. */
export const checkpointPositional: Positional = {
  name: 'checkpoint',
  description: 'checkpoint file, run folder, run name or "latest"',
  required: true,
  kind: 'checkpoint',
};

/** The input of a command's run. */
export interface Call<Space extends OptionSpace> {
  positionals: readonly string[];
  options: Resolution<Space>['values'];
  resolution: Resolution<Space>;
  context: StageContext;
  /** Whether stdout holds JSON lines. */
  json: boolean;
  /** All commands, for those that describe them. */
  commands: readonly CommandEntry[];
  environment: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadableStream;
  /** Asks for confirmation; undefined without an interactive terminal. */
  confirm: ((question: string) => Promise<boolean>) | undefined;
}

/** What an action of a command takes, beside the options that every command has. */
export interface Action {
  /** The command's own options that it reads. */
  options: readonly string[];
  /** The most arguments after its name; left out, none. */
  arguments?: number;
}

/** A command: it only maps the command line to a library call. */
export interface Command<Space extends OptionSpace = OptionSpace> {
  summary: string;
  positionals: readonly Positional[];
  space: Space;
  /** Where the first argument is an action: what each takes; '' is a call without one. */
  actions?: Readonly<Record<string, Action>>;
  /** Example commands with their effect. */
  examples: readonly (readonly [command: string, effect: string])[];
  /** Replaces the default merging of settings. */
  resolve?(layers: readonly Layer[], positionals: readonly string[]): Promise<Resolution<Space>>;
  run(call: Call<Space>): Promise<Outcome>;
}

/** A command in the list of all. */
export interface CommandEntry {
  readonly name: string;
  /** The command's summary again, to list commands without loading them. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Defines a command, keeping the types of its options. */
export function defineCommand<Space extends OptionSpace>(command: Command<Space>): Command<Space> {
  return command;
}

/** The options of output and encryption, which every command has. */
export const presentationFields = z.strictObject({
  config: z.string().min(1).optional().meta({
    description: 'read options from a JSON file',
    placeholder: 'FILE',
  }),
  json: z.boolean().default(false).meta({ description: 'print JSON lines on stdout' }),
  quiet: z.boolean().default(false).meta({ description: 'print only results, warnings and errors' }),
  color: z.boolean().default(true).meta({ description: 'coloured output' }),
  verbose: z.boolean().default(false).meta({ description: 'print stack traces with errors' }),
  printConfig: z
    .boolean()
    .default(false)
    .meta({ description: 'print the value and origin of each option, then exit' }),
  ...encryptionFields.shape,
});

export type Presentation = z.output<typeof presentationFields>;

/** The options that every command accepts. */
const commonFields = z.strictObject({ seed: seedOption, ...modelStageOptions });

/** A command's option space: the common options, its own fields and its plug-in choices. */
export function withCommonOptions<Fields extends z.ZodObject, Choices extends Record<string, Choice>>(
  fields: Fields,
  choices = {} as Choices,
): {
  fields: z.ZodObject<(typeof commonFields)['shape'] & Fields['shape'], z.core.$strict>;
  choices: Choices;
} {
  return { fields: z.strictObject({ ...commonFields.shape, ...(fields.shape as Fields['shape']) }), choices };
}

/** Whether every command has an option. */
export function isCommon(key: string): boolean {
  return key in commonFields.shape || key in presentationFields.shape;
}
