import { datasets } from '../../data/datasets/index.js';
import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { defineCommand, withCommonOptions } from '../command.js';
import { completedCommands } from './entries.js';
import { shells } from './shells.js';

export const completionCommand = defineCommand({
  summary: 'print a completion script for bash, zsh or fish',
  positionals: [
    {
      name: 'shell',
      description: 'shell to complete commands, options, runs and data sets in',
      required: true,
      choices: shells.map(({ name }) => name),
    },
  ],
  space: withCommonOptions(z.strictObject({})),
  examples: [
    [
      'mnist completion bash > ~/.local/share/bash-completion/completions/mnist',
      'for bash with the package bash-completion; or source the file in ~/.bashrc',
    ],
    ['mnist completion zsh > "${fpath[1]}/_mnist"', 'for zsh, where compinit is run in ~/.zshrc'],
    ['mnist completion fish > ~/.config/fish/completions/mnist.fish', 'for fish'],
  ],
  async run({ positionals: [name], commands }) {
    const shell = shells.find((candidate) => candidate.name === name);
    if (!shell)
      throw new ToolkitError('USAGE', { message: `unknown shell "${name ?? ''}"`, hint: 'use bash' });
    const script = shell.script(await completedCommands(commands), datasets.names);
    return { data: { shell: shell.name, script }, text: () => script.trimEnd() };
  },
});
