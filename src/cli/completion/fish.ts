import { launchers, type CompletedCommand, type CompletedOption, type Expected } from './entries.js';

/** The completion script for fish. */
export function fishScript(commands: readonly CompletedCommand[], datasets: readonly string[]): string {
  return `# Completion of mnist for fish; made by "mnist completion fish".

# The value of an option on this command line, else of its variable, else the default.
function __mnist_option
    set -l words (commandline -opc)
    if set -l index (contains -i -- $argv[1] $words); and test $index -lt (count $words)
        echo $words[(math $index + 1)]
    else if set -q $argv[2]
        set -l variable $argv[2]
        echo $$variable
    else
        echo $argv[3]
    end
end

function __mnist_runs
    set -l folder (__mnist_option --checkpoints-dir MNIST_CHECKPOINTS_DIR checkpoints)
    echo latest
    for file in $folder/*/last.safetensors $folder/*/trial-*/last.safetensors
        string replace -- $folder/ '' (string replace -- /last.safetensors '' $file)
    end
end

function __mnist_datasets
    set -l folder (__mnist_option --data-dir MNIST_DATA_DIR data)
    printf '%s\\n' ${datasets.map(quoted).join(' ')}
    for path in $folder/*/raw $folder/*/prepared
        string replace -r -- '.*/([^/]+)/[^/]+$' '$1' $path
    end
end

for program in mnist ${launchers.map(([launcher]) => launcher).join(' ')}
    complete -c $program -e
    complete -c $program -f
end
${commands.map(({ name, summary }) => `complete -c mnist -n __fish_use_subcommand -a ${quoted(name)} -d ${quoted(summary)}`).join('\n')}
complete -c mnist -n __fish_use_subcommand -a help -d 'show help of a command'
complete -c mnist -n __fish_use_subcommand -l version -d 'print the version'
complete -c mnist -n '__fish_seen_subcommand_from help' -a ${quoted(commands.map(({ name }) => name).join(' '))}

${commands.map(commandLines).join('\n\n')}
`;
}

function commandLines(command: CompletedCommand): string {
  const { name } = command;
  const places = [
    {
      program: 'mnist',
      condition: `-n ${quoted(`__fish_seen_subcommand_from ${name}; and test (commandline -opc)[2] = ${name}`)}`,
    },
    ...launchers.flatMap(([program, owner]) => (owner === name ? [{ program, condition: '' }] : [])),
  ];
  return places
    .flatMap(({ program, condition }) => {
      const begin = ['complete -c', program, condition].filter((part) => part !== '').join(' ');
      return [
        ...command.options.map((option) => `${begin} ${optionParts(option)}`),
        ...argumentParts(command).map((parts) => `${begin} ${parts}`),
      ];
    })
    .join('\n');
}

function optionParts({ flag, description, value }: CompletedOption): string {
  const named = `-l ${flag.slice(2)} -d ${quoted(description)}`;
  return value ? `${named} ${valueParts(value, true)}` : named;
}

/** What any argument may be: fish offers what fits one of them. */
function argumentParts({ positionals }: CompletedCommand): string[] {
  const parts = positionals
    .filter(({ kind }) => kind !== 'none')
    .map((expected) => valueParts(expected, false));
  return [...new Set(parts)];
}

/** @param isOption whether it is the value of an option, which only then is required */
function valueParts({ kind, words }: Expected, isOption: boolean): string {
  const exclusive = isOption ? '-x' : '';
  const open = isOption ? '-r -F' : '-F';
  const parts: Record<Expected['kind'], string> = {
    words: `${exclusive} -a ${quoted(words.join(' '))}`,
    checkpoint: `${open} -a '(__mnist_runs)'`,
    run: `${exclusive} -a '(__mnist_runs)'`,
    dataset: `${exclusive} -a '(__mnist_datasets)'`,
    file: open,
    folder: `${exclusive} -a '(__fish_complete_directories)'`,
    none: '-x',
  };
  return parts[kind].trim();
}

/** A text as one word, whatever is in it; unlike in other shells, a backslash means something in single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
