import type { Named } from '../../core/registry.js';
import { bashScript } from './bash.js';
import type { CompletedCommand } from './entries.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

/** A shell whose completion is written. */
interface Shell extends Named {
  /** The script, given all commands and the names of the published data sets. */
  script(commands: readonly CompletedCommand[], datasets: readonly string[]): string;
}

/** The shells, by name. */
export const shells: readonly Shell[] = [
  { name: 'bash', summary: 'bash 4 or later', script: bashScript },
  { name: 'zsh', summary: 'zsh 5 or later', script: zshScript },
  { name: 'fish', summary: 'fish 3 or later', script: fishScript },
];
