import { describe, expect, it } from 'vitest';

import { refuseForAction } from '../../src/cli/actions.js';
import { parseArguments } from '../../src/cli/arguments.js';
import { shapeOf } from '../../src/cli/shape-of.js';
import { commands } from '../../src/cli/commands/index.js';
import { toolkitError } from '../support/errors.js';

/** Checks the words of a command line as the program does. */
async function check(line: string): Promise<void> {
  const [name = '', ...words] = line.split(' ');
  const command = await commands.find((entry) => entry.name === name)!.load();
  refuseForAction(name, command, parseArguments(name, shapeOf(command), words));
}

describe('an option of another action is refused', () => {
  it.each<[line: string, option: string]>([
    ['runs --keep 3', '--keep'],
    ['runs list --plot curves.svg', '--plot'],
    ['runs compare a b --yes', '--yes'],
    ['runs prune --failed --plot curves.svg', '--plot'],
    ['registry list --force', '--force'],
    ['registry rollback digits --min-accuracy 0.9', '--min-accuracy'],
    [`audit list --expect ${'0'.repeat(64)}`, '--expect'],
    ['tokens list --role infer', '--role'],
    ['tokens revoke 0123456789ab --days 3', '--days'],
    ['runtime install --yes', '--yes'],
    ['runtime remove --variant cpu', '--variant'],
    ['datasets --card card.html', '--card'],
    ['datasets --dataset mnist', '--dataset'],
  ])('mnist %s', async (line, option) => {
    const { message } = await toolkitError('OPTION_NOT_APPLICABLE', check(line));
    expect(message).toContain(`${option} (from the command line) does not apply to "mnist `);
  });

  it('the hint names those that it has', async () => {
    const { hint } = await toolkitError('OPTION_NOT_APPLICABLE', check('runs compare a b --keep 1'));
    expect(hint).toBe('"mnist runs compare" has --plot');
  });
});

it.each([
  'runs list search another',
  'runs prune search another',
  'registry rollback digits 3',
  'audit list digits',
])('an argument too many is refused: mnist %s', async (line) => {
  await toolkitError('USAGE', check(line));
});

it.each([
  'runs',
  'runs list search --seed 3',
  'runs prune search --keep 1 --yes --registry-dir models',
  'registry list digits --registry-dir models',
  'registry promote digits 3 --force --min-accuracy 0.9',
  'datasets',
  'datasets show mnist --per-class 3 --card card.html',
  'runtime install --variant cpu --device cpu',
  'tokens create --role infer --label app --days 3 --tokens-file tokens.json',
  'models --threads 2',
])('an action takes its own and the common options: mnist %s', async (line) => {
  await expect(check(line)).resolves.toBeUndefined();
});
