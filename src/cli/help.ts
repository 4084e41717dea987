import { version } from '../core/version.js';
import { columns } from './terminal/format.js';
import { commands } from './commands/index.js';

/** What `mnist --help` prints. */
export function helpText(): string {
  const examples = [
    ['mnist-train --epochs 10', 'train the article’s net on MNIST'],
    ['mnist-eval latest', 'measure what was trained'],
    ['mnist doctor', 'see what works on this machine'],
  ];
  return [
    `mnist-train ${version}: trains, judges and ships image classifiers, natively on TensorFlow`,
    '',
    'Examples:',
    columns(examples.map(([typed = '', effect = '']) => [`  $ ${typed}`, effect])),
    '',
    'Commands:',
    columns(commands.map(({ name, summary }) => [`  mnist ${name}`, summary])),
    '',
    '"mnist COMMAND --help" lists the options of a command. Options can also be set in the environment (MNIST_…)',
    'and in a file (--config FILE). Exit codes: 0 done, 1 failure, 2 usage, 3 data, 4 no backend, 5 quality gate,',
    '6 checkpoint, 130 and 143 interrupted.',
    '',
  ].join('\n');
}
