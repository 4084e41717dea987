import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { beforeAll, describe, expect, it } from 'vitest';

import { completedCommands, type CompletedCommand } from '../../../src/cli/completion/entries.js';
import { shells } from '../../../src/cli/completion/shells.js';
import { commands } from '../../../src/cli/commands/index.js';
import { datasets } from '../../../src/data/datasets/index.js';
import { temporaryFolder } from '../../support/folders.js';

const run = promisify(execFile);
const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

let completed: CompletedCommand[];
beforeAll(async () => {
  completed = await completedCommands(commands);
});

const scriptFor = (name: string): string =>
  shells.find((shell) => shell.name === name)!.script(completed, datasets.names);

/** A folder with a script, and runs and data sets: also some whose names a careless script would run. */
async function workplace(shell: string): Promise<string> {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'script'), scriptFor(shell));
  for (const run of ['first', 'second', 'space/trial-001', '$(touch hacked)', '`touch hacked`']) {
    await mkdir(join(cwd, 'checkpoints', run), { recursive: true });
    await writeFile(join(cwd, 'checkpoints', run, 'last.safetensors'), '');
  }
  await mkdir(join(cwd, 'checkpoints', 'no-run'));
  await mkdir(join(cwd, 'data', 'photos', 'raw'), { recursive: true });
  await mkdir(join(cwd, 'elsewhere', 'third'), { recursive: true });
  await writeFile(join(cwd, 'elsewhere', 'third', 'last.safetensors'), '');
  return cwd;
}

/** What completes the last word of some command lines. */
type Complete = (cwd: string, ...words: string[]) => Promise<string[]>;

const bash: Complete = async (cwd, ...words) => {
  const program = `source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mnist; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run('bash', ['--norc', '-c', program, 'bash', ...words], { cwd });
  return stdout.trimEnd().split('\n');
};

const fish: Complete = async (cwd, ...words) => {
  const program = `source ./script; complete -C "$argv"`;
  const environment = { ...process.env, HOME: cwd };
  const { stdout } = await run('fish', ['--no-config', '-c', program, ...words], { cwd, env: environment });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0]!);
};

describe.each([
  ['bash', bash],
  ['fish', fish],
] as const)('in %s', (shell, complete) => {
  it.skipIf(!has(shell))('commands, options and their values are completed', async () => {
    const cwd = await workplace(shell);
    expect(await complete(cwd, 'mnist', 'tr')).toEqual(['train']);
    expect((await complete(cwd, 'mnist', '')).sort()).toEqual(
      expect.arrayContaining(commands.map(({ name }) => name).sort()),
    );
    expect(await complete(cwd, 'mnist', 'train', '--learning')).toEqual(['--learning-rate']);
    expect((await complete(cwd, 'mnist', 'evaluate', '--split', '')).sort()).toEqual([
      ...['test', 'training', 'validation'],
    ]);
    expect((await complete(cwd, 'mnist-train', '--optimizer', 'ad')).sort()).toEqual(['adam', 'adamw']);
    expect(await complete(cwd, 'mnist', 'completion', 'f')).toEqual(['fish']);
  });

  it.skipIf(!has(shell))('runs and data sets are found, and their names never run', async () => {
    const cwd = await workplace(shell);
    const runs = await complete(cwd, 'mnist', 'train', '--resume', '');
    expect(runs).toEqual(expect.arrayContaining(['latest', 'first', 'second', 'space/trial-001']));
    expect(runs).not.toContain('no-run');
    expect(await complete(cwd, 'mnist-eval', 'fi')).toEqual(['first']);
    expect(await complete(cwd, 'mnist', 'evaluate', '--checkpoints-dir', 'elsewhere', 'th')).toEqual([
      'third',
    ]);
    expect(await complete(cwd, 'mnist', 'train', '--dataset', 'ph')).toEqual(['photos']);
    expect(await complete(cwd, 'mnist', 'train', '--dataset', 'fash')).toEqual(['fashion-mnist']);
    expect(existsSync(join(cwd, 'hacked'))).toBe(false);
  });
});

it('bash: options with =, further arguments and actions', async () => {
  const cwd = await workplace('bash');
  // As readline breaks words.
  expect(await bash(cwd, 'mnist', 'train', '--model', '=', 'cnn-')).toEqual(['cnn-small']);
  expect(await bash(cwd, 'mnist', 'runs', 'compare', 'first', 'sec')).toEqual(['second']);
  expect(await bash(cwd, 'mnist', 'datasets', 'show', 'ph')).toEqual(['photos']);
  expect(await bash(cwd, 'mnist', 'datasets', '')).toEqual(['show']);
  expect(await bash(cwd, 'mnist', 'predict', 'first', '--top', '3', 'scr')).toEqual(['script']);
  expect(await bash(cwd, 'mnist', 'help', 'cali')).toEqual(['calibrate']);
});

it.skipIf(!has('zsh'))('zsh takes the script, and registers it for every executable', async () => {
  const cwd = await workplace('zsh');
  const program =
    'autoload -Uz compinit; compinit -u -d ./dump; source ./script; print $_comps[mnist] $_comps[mnist-train] $_comps[mnist-eval]';
  const { stdout, stderr } = await run('zsh', ['-f', '-c', program], { cwd });
  expect({ stdout, stderr }).toEqual({ stdout: '_mnist _mnist _mnist\n', stderr: '' });
});

it.each(shells.map(({ name }) => name))('%s: every command and every option is in the script', (name) => {
  const script = scriptFor(name);
  for (const command of completed) {
    expect(script).toContain(command.name);
    for (const { flag } of command.options)
      expect(script).toContain(name === 'fish' ? `-l ${flag.slice(2)}` : flag);
  }
});
