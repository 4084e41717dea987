import { shellQuoted as quoted } from '../../core/format.js';
import { launchers, type CompletedCommand, type Expected } from './entries.js';

/** The completion script for zsh, for a folder of `fpath` or for `source`. */
export function zshScript(commands: readonly CompletedCommand[], datasets: readonly string[]): string {
  return `#compdef mnist ${launchers.map(([launcher]) => launcher).join(' ')}
# Completion of mnist for zsh; made by "mnist completion zsh".

# The value of an option on this command line, else of its variable, else the default.
_mnist_option() {
  local index=\${words[(i)$1]}
  if ((index < CURRENT - 1)); then
    print -r -- "\${words[index + 1]}"
  else
    print -r -- "\${(P)2:-$3}"
  fi
}

_mnist_runs() {
  local folder=$(_mnist_option --checkpoints-dir MNIST_CHECKPOINTS_DIR checkpoints)
  local -a found=(latest)
  found+=("$folder"/*/last.safetensors(N:h:t))
  local file
  for file in "$folder"/*/trial-*/last.safetensors(N:h); do found+=("\${file#$folder/}"); done
  compadd -- "\${found[@]}"
}

_mnist_checkpoints() {
  _mnist_runs
  _files
}

_mnist_datasets() {
  local folder=$(_mnist_option --data-dir MNIST_DATA_DIR data)
  local -a found=(${datasets.map(quoted).join(' ')})
  found+=("$folder"/*/raw(N/:h:t) "$folder"/*/prepared(N/:h:t))
  compadd -- "\${(u)found[@]}"
}

_mnist_commands() {
  local -a found=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
    'help:show help of a command'
  )
  _describe command found
}

_mnist() {
  local context state line curcontext=$curcontext name=\${words[1]:t}
  typeset -A opt_args
  case $name in
${launchers.map(([launcher, command]) => `    ${launcher}) _mnist_arguments ${command}; return ;;`).join('\n')}
  esac
  if ((CURRENT == 2)); then
    _mnist_commands
    return
  fi
  name=\${words[2]}
  shift words
  ((CURRENT--))
  _mnist_arguments "$name"
}

_mnist_arguments() {
  case $1 in
    help) _mnist_commands ;;
${commands.map(argumentsCase).join('\n')}
  esac
}

if [[ $funcstack[1] == _mnist ]]; then
  _mnist "$@"
else
  compdef _mnist mnist ${launchers.map(([launcher]) => launcher).join(' ')}
fi
`;
}

function argumentsCase({ name, options, positionals, repeats }: CompletedCommand): string {
  const specs = [
    ...options.map(({ flag, description, value }) => {
      const explained = `${flag}${value ? '=' : ''}[${escaped(description)}]`;
      return value ? `${explained}:value:${actionFor(value)}` : explained;
    }),
    ...positionals.map((positional, index) => {
      const place = repeats && index === positionals.length - 1 ? '*' : String(index + 1);
      return `${place}:${positional.name}:${actionFor(positional)}`;
    }),
  ];
  return `    ${name})
      _arguments -S \\
${specs.map((spec) => `        ${quoted(spec)}`).join(' \\\n')}
      ;;`;
}

/** Text in the brackets of an option's specification. */
function escaped(text: string): string {
  return text.replaceAll(/[[\]\\:]/g, '\\$&');
}

function actionFor({ kind, words }: Expected): string {
  switch (kind) {
    case 'words':
      return `(${words.map((word) => word.replaceAll(/[^\w.-]/g, '\\$&')).join(' ')})`;
    case 'checkpoint':
      return '_mnist_checkpoints';
    case 'run':
      return '_mnist_runs';
    case 'dataset':
      return '_mnist_datasets';
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'none':
      return ' ';
  }
}
