import { fieldsOf, flagOf, type Field } from '../../core/config/fields.js';
import { allFields } from '../../core/config/resolve.js';
import { presentationFields, type CommandEntry, type Positional } from '../command.js';

/** What can stand somewhere on a command line: words of a list, or what is there when the key is pressed. */
export interface Expected {
  kind: 'none' | 'words' | NonNullable<Positional['kind']>;
  words: readonly string[];
}

/** An option as a shell completes it. */
export interface CompletedOption {
  flag: string;
  description: string;
  /** What follows it; undefined where nothing does. */
  value: Expected | undefined;
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  name: string;
  summary: string;
  options: CompletedOption[];
  /** What its arguments are, in order. */
  positionals: (Expected & { name: string })[];
  /** Whether the last of them may be repeated. */
  repeats: boolean;
}

/** The executables that stand for a command. */
export const launchers = [
  ['mnist-train', 'train'],
  ['mnist-eval', 'evaluate'],
] as const;

/** All commands with their options, positionals and the values of both. */
export function completedCommands(commands: readonly CommandEntry[]): Promise<CompletedCommand[]> {
  return Promise.all(
    commands.map(async (entry) => {
      const { name, summary } = entry;
      const { space, positionals } = await entry.load();
      const fields = [...allFields(space).values(), ...fieldsOf(presentationFields).values()];
      return {
        name,
        summary,
        options: [...fields.map(optionOf), ...EVERYWHERE],
        positionals: positionals.map((positional) => ({ name: positional.name, ...expectedAt(positional) })),
        repeats: positionals.at(-1)?.variadic ?? false,
      };
    }),
  );
}

const EVERYWHERE: readonly CompletedOption[] = [
  { flag: '--help', description: 'show this help', value: undefined },
  { flag: '--version', description: 'print the version', value: undefined },
];

function optionOf(field: Field): CompletedOption {
  const { key, kind, description, fallback } = field;
  const flag = flagOf(key);
  if (kind !== 'boolean') return { flag, description, value: valueOf(field) };
  if (fallback !== true) return { flag, description, value: undefined };
  return { flag: flag.replace('--', '--no-'), description: `turn off ${description}`, value: undefined };
}

/** The kinds of values by the word that stands for them in help. */
const PLACEHOLDERS: ReadonlyMap<string, Expected['kind']> = new Map([
  ['RUN', 'checkpoint'],
  ['CHECKPOINT', 'checkpoint'],
  ['DATASET', 'dataset'],
  ['FILE', 'file'],
  ['PLACE', 'file'],
  ['FOLDER', 'folder'],
]);

function valueOf({ key, placeholder, values }: Field): Expected {
  if (values) return { kind: 'words', words: values };
  const kind = key === 'dataset' ? 'dataset' : (PLACEHOLDERS.get(placeholder) ?? 'none');
  return { kind, words: [] };
}

function expectedAt({ choices, kind }: Positional): Expected {
  return choices ? { kind: 'words', words: choices } : { kind: kind ?? 'none', words: [] };
}
