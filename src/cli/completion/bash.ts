import { shellQuoted as quoted } from '../../core/format.js';
import { launchers, type CompletedCommand, type Expected } from './entries.js';

/**
 * The completion script for bash. Names that are found (runs, data sets, files) are only ever compared and quoted, never expanded: a
 * folder may be called `$(…)`.
 */
export function bashScript(commands: readonly CompletedCommand[], datasets: readonly string[]): string {
  return `# Completion of mnist for bash; made by "mnist completion bash".

# Adds the words that begin with what is typed.
_mnist_words() {
  local word
  for word in "$@"; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
}

# The value of an option on this command line, else of its variable, else the default.
_mnist_option() {
  local index
  for ((index = 1; index < COMP_CWORD - 1; index++)); do
    [[ \${COMP_WORDS[index]} == "$1" ]] || continue
    ((index++))
    [[ \${COMP_WORDS[index]} == "=" ]] && ((index++))
    printf '%s' "\${COMP_WORDS[index]}"
    return
  done
  printf '%s' "\${!2:-$3}"
}

# Adds names that are found, quoted where the shell needs it.
_mnist_names() {
  local name
  for name in "$@"; do
    [[ $name == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$name")")
  done
}

_mnist_runs() {
  local folder file found=(latest)
  folder=$(_mnist_option --checkpoints-dir MNIST_CHECKPOINTS_DIR checkpoints)
  for file in "$folder"/*/last.safetensors "$folder"/*/trial-*/last.safetensors; do
    [[ -e $file ]] || continue
    file=\${file%/last.safetensors}
    found+=("\${file#"$folder"/}")
  done
  _mnist_names "\${found[@]}"
}

_mnist_datasets() {
  local folder name found=(${datasets.map(quoted).join(' ')})
  folder=$(_mnist_option --data-dir MNIST_DATA_DIR data)
  for name in "$folder"/*/; do
    [[ -d \${name}raw || -d \${name}prepared ]] || continue
    name=\${name%/}
    name=\${name##*/}
    [[ " \${found[*]} " == *" $name "* ]] || found+=("$name")
  done
  _mnist_names "\${found[@]}"
}

_mnist_files() {
  local name
  compopt -o filenames 2>/dev/null
  while IFS= read -r name; do
    COMPREPLY+=("$name")
  done < <(compgen "$1" -- "$cur")
}

# What an option is followed by, or what an argument is.
_mnist_value() {
  case $1 in
${valueCases(commands)}
    *) return 1 ;;
  esac
}

_mnist_flags() {
  case $1 in
${commands.map(({ name, options }) => `    ${name}) _mnist_words ${options.map(({ flag }) => flag).join(' ')} ;;`).join('\n')}
  esac
}

# How many words an option takes: whether it is followed by a value.
_mnist_takes_value() {
  case $1 in
${commands.map(takesValueCase).join('\n')}
  esac
  return 1
}

_mnist() {
  local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= index=1 position=0
  COMPREPLY=()
  if [[ $cur == "=" ]]; then
    cur=
  elif [[ $previous == "=" ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case \${COMP_WORDS[0]##*/} in
${launchers.map(([launcher, command]) => `    ${launcher}) command=${command} ;;`).join('\n')}
    *)
      if ((COMP_CWORD == 1)); then
        _mnist_words ${commands.map(({ name }) => name).join(' ')} help --help --version
        return
      fi
      command=\${COMP_WORDS[1]}
      index=2
      if [[ $command == help ]]; then
        _mnist_words ${commands.map(({ name }) => name).join(' ')}
        return
      fi
      ;;
  esac
  if [[ $previous == --* ]] && _mnist_takes_value "$command $previous"; then
    _mnist_value "$command $previous"
    return
  fi
  if [[ $cur == -* ]]; then
    _mnist_flags "$command"
    return
  fi
  for (( ; index < COMP_CWORD; index++)); do
    if [[ \${COMP_WORDS[index]} == --* ]]; then
      _mnist_takes_value "$command \${COMP_WORDS[index]}" || continue
      ((index++))
      [[ \${COMP_WORDS[index]} == "=" ]] && ((index++))
    else
      ((position++))
    fi
  done
  _mnist_value "$command $position" || _mnist_value "$command +"
}

complete -F _mnist mnist ${launchers.map(([launcher]) => launcher).join(' ')}
`;
}

function takesValueCase({ name, options }: CompletedCommand): string {
  const patterns = options.filter(({ value }) => value).map(({ flag }) => `"${name} ${flag}"`);
  return `    ${patterns.join(' | ')}) return 0 ;;`;
}

/** The cases of values, each once: "train --model" and "evaluate 0", where "predict +" is every further argument. */
function valueCases(commands: readonly CompletedCommand[]): string {
  const patterns = new Map<string, string[]>();
  const add = (place: string, expected: Expected): void => {
    const action = actionFor(expected);
    patterns.set(action, [...(patterns.get(action) ?? []), `"${place}"`]);
  };
  for (const { name, options, positionals, repeats } of commands) {
    for (const { flag, value } of options) if (value) add(`${name} ${flag}`, value);
    positionals.forEach((positional, index) => {
      add(`${name} ${index}`, positional);
    });
    const last = positionals.at(-1);
    if (repeats && last) add(`${name} +`, last);
  }
  return [...patterns].map(([action, places]) => `    ${places.join(' | ')}) ${action} ;;`).join('\n');
}

function actionFor({ kind, words }: Expected): string {
  switch (kind) {
    case 'words':
      return `_mnist_words ${words.map(quoted).join(' ')}`;
    case 'checkpoint':
      return '_mnist_runs; _mnist_files -f';
    case 'run':
      return '_mnist_runs';
    case 'dataset':
      return '_mnist_datasets';
    case 'file':
      return '_mnist_files -f';
    case 'folder':
      return '_mnist_files -d';
    case 'none':
      return ':';
  }
}
