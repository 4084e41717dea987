import { version } from '../core/version.js';
import { columns } from './terminal/format.js';
import { commands } from './commands/index.js';

/** The text of `mnist --help`. */
export function helpText(): string {
  const examples = [
    ['mnist-train --epochs 10', 'train a model on MNIST'],
    ['mnist-eval latest', 'evaluate it on the test images'],
    ['mnist doctor', 'check this machine'],
  ];
  return [
    `mnist-train ${version}`,
    'Train, evaluate and deploy small image classifiers in Node.js',
    '(MNIST and its relatives, or your own images by class, in grey or colour)',
    '',
    'Examples:',
    columns(examples.map(([typed = '', effect = '']) => [`  $ ${typed}`, effect])),
    '',
    'Commands:',
    columns(commands.map(({ name, summary }) => [`  mnist ${name}`, summary])),
    '',
    'Run "mnist COMMAND --help" for the options of a command.',
    'Options can also be set by environment variables (MNIST_…) or --config FILE.',
    'Exit codes: 0 success, 1 failure, 2 usage, 3 data, 4 no backend,',
    '5 quality gate, 6 checkpoint, 129, 130 and 143 interrupted.',
    '',
  ].join('\n');
}

/** Carries the help text to print. */
export class HelpRequested extends Error {
  readonly text: string;

  constructor(text: string) {
    super('help was asked for');
    this.text = text;
  }
}
