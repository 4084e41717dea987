import { describe, expect, it } from 'vitest';

import { parseArguments } from '../../src/cli/arguments.js';
import { presentationFields, type Command } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands/index.js';
import { HelpRequested, helpText } from '../../src/cli/help.js';
import { shapeOf } from '../../src/cli/shape-of.js';
import { fieldsOf, flagOf } from '../../src/core/config/fields.js';
import { allFields } from '../../src/core/config/resolve.js';
import { toolkitError } from '../support/errors.js';

function helpOf(name: string, command: Command, width?: number): string {
  try {
    parseArguments(name, shapeOf(command), ['--help'], width);
  } catch (error) {
    if (error instanceof HelpRequested) return error.text;
    throw error;
  }
  throw new Error('no help');
}

const overlong = (text: string, width: number): string[] =>
  text.split('\n').filter((line) => line.length > width);

it('mnist --help fits a terminal of 80 columns', () => {
  expect(overlong(helpText(), 80)).toEqual([]);
});

describe.each(commands)('mnist $name --help', (entry) => {
  const { name } = entry;

  it('fits 80 columns where the terminal’s width is unknown', async () => {
    expect(overlong(helpOf(name, await entry.load()), 80)).toEqual([]);
  });

  it.each([80, 100])('fits a terminal of %d columns', async (width) => {
    expect(overlong(helpOf(name, await entry.load(), width), width)).toEqual([]);
  });

  it('describes every option, and says what --no-… turns off', async () => {
    const command = await entry.load();
    const help = helpOf(name, command).replaceAll(/\s+/g, ' ');
    for (const field of [...allFields(command.space).values(), ...fieldsOf(presentationFields).values()]) {
      const flag = flagOf(field.key);
      const shown = field.fallback === true ? `${flag.replace('--', '--no-')} turn off` : flag;
      expect(help).toContain(shown);
      expect(help).toContain(field.description);
    }
  });
});

it.each([
  ['runs', ['lst'], 'unknown action "lst"', 'did you mean "list"?'],
  ['datasets', ['shwo', 'mnist'], 'unknown action "shwo"', 'did you mean "show"?'],
  ['completion', ['tcl'], 'unknown shell "tcl"', 'use one of bash, zsh, fish'],
])('mnist %s %j: %s — %s', async (name, words, message, hint) => {
  const command = await commands.find((entry) => entry.name === name)!.load();
  const error = await toolkitError('USAGE', () => parseArguments(name, shapeOf(command), words));
  expect({ message: error.message, hint: error.hint }).toEqual({ message, hint });
});

it('defaults are shown as one types them, with the plug-ins that have each', async () => {
  const train = await commands.find(({ name }) => name === 'train')!.load();
  const help = helpOf('train', train).replaceAll(/\s+/g, ' ');
  expect(help).toContain('default 128,64)');
  expect(help).toContain('default relu for mlp, cnn, cnn-small, resnet; gelu for transformer)');
});

it('a flag of an option that is on by default switches it off', async () => {
  const serve = await commands.find(({ name }) => name === 'serve')!.load();
  expect(parseArguments('serve', shapeOf(serve), []).values).toEqual({});
  expect(parseArguments('serve', shapeOf(serve), ['--no-drift']).values).toEqual({ drift: false });
});
