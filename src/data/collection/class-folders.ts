import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { isAbsolute, join, posix, relative, sep } from 'node:path';

import { messageOf, systemCodeOf } from '../../core/errors.js';
import { isFolder } from '../../core/files.js';
import { RejectionError, type Rejection } from '../rejection.js';
import { foreignPicture, isImageName } from '../imaging/image-names.js';
import { labelNamed, splitNamed, type SplitName } from './sample.js';

/** An image file, by its path in the source. */
export interface FoundImage {
  name: string;
  label: string;
  split: SplitName | undefined;
}

/** The images below a folder and the rejected files, sorted by name. */
export interface ClassFolders {
  entries: (FoundImage | Rejection)[];
  /** The folder of the test images, if it contains none of the training classes and is ignored. */
  unlabelled: string | undefined;
}

const MAX_DEPTH = 16;
/** Folders of splits and classes may be links; deeper links could lead to endless recursion. */
const MAX_LINKED_DEPTH = 1;

/** Lists a folder of class folders, perhaps below `train` and `test`. */
export async function listClassFolders(root: string): Promise<ClassFolders> {
  const tops = await foldersIn(root);
  const bySplit = new Map(tops.map((name) => [splitNamed(name), name]));
  // A class may be called "test", so only train and test together are splits; train alone is divided.
  const isSplit = bySplit.has('train') && bySplit.has('test');
  const isBelowTrain = bySplit.has('train') && !isSplit;
  const entries = await new FolderWalk(await realpath(root), isSplit, isBelowTrain).list(root);
  if (!isSplit) return { entries, unlabelled: undefined };
  const ofSplit = (split: SplitName): FoundImage[] =>
    entries.flatMap((entry) => (!('reason' in entry) && entry.split === split ? [entry] : []));
  const trained = new Set(ofSplit('train').map(({ label }) => label));
  if (trained.size === 0 || ofSplit('test').some(({ label }) => trained.has(label))) {
    return { entries, unlabelled: undefined };
  }
  return { entries: entries.map(withoutTest), unlabelled: bySplit.get('test') };
}

async function foldersIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const areFolders = await Promise.all(entries.map((entry) => isFolderEntry(root, entry)));
  return entries.filter((_, index) => areFolders[index]).map(({ name }) => name);
}

/** Whether an entry of a folder is a folder, or a link to one. */
export async function isFolderEntry(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return isFolder(join(parent, entry.name));
}

function withoutTest(entry: FoundImage | Rejection): FoundImage | Rejection {
  if ('reason' in entry || entry.split === 'validation') return entry;
  if (entry.split === 'train') return { ...entry, split: undefined };
  return { name: entry.name, reason: 'not in a training class' };
}

class FolderWalk {
  readonly #root: string;
  readonly #isSplit: boolean;
  readonly #isBelowTrain: boolean;
  readonly #found: (FoundImage | Rejection)[] = [];

  constructor(root: string, isSplit: boolean, isBelowTrain: boolean) {
    this.#root = root;
    this.#isSplit = isSplit;
    this.#isBelowTrain = isBelowTrain;
  }

  async list(folder: string): Promise<(FoundImage | Rejection)[]> {
    await this.#walk(folder, '', []);
    return this.#found;
  }

  async #walk(folder: string, path: string, above: readonly string[]): Promise<void> {
    const entries = await readdir(join(folder, path), { withFileTypes: true }).catch((error: unknown) => {
      this.#reject(path, `cannot be read (${systemCodeOf(error) ?? messageOf(error)})`, above);
      return undefined;
    });
    if (entries?.length === 0 && this.#labelOf(above) !== undefined)
      this.#reject(path, 'an empty folder', above);
    for (const entry of entries?.sort((a, b) => (a.name < b.name ? -1 : 1)) ?? []) {
      const name = posix.join(path, entry.name);
      const inside = [...above, entry.name];
      const isLink =
        entry.isSymbolicLink() &&
        !isImageName(entry.name) &&
        (await isFolderEntry(join(folder, path), entry));
      const problem = isLink ? await this.#linkProblem(join(folder, name), above) : undefined;
      if (problem !== undefined) this.#reject(name, problem, inside);
      else if ((isLink || entry.isDirectory()) && isTaken(entry.name, above.length))
        await this.#walk(folder, name, inside);
      else this.#found.push(this.#judge(name, entry, above));
    }
  }

  /** Why a link to a folder is not followed; undefined if it is followed. */
  async #linkProblem(path: string, above: readonly string[]): Promise<string | undefined> {
    const target = await realpath(path);
    const within = relative(this.#root, target);
    if (within === '..' || within.startsWith(`..${sep}`) || isAbsolute(within)) {
      return 'a link that leads out of the folder; copy its target, or collect the folder that contains both';
    }
    const parent = await realpath(join(path, '..'));
    if (parent === target || parent.startsWith(`${target}${sep}`)) return 'a link to a folder above it';
    return above.length > MAX_LINKED_DEPTH ? 'a link to a folder within a class' : undefined;
  }

  #reject(name: string, reason: string, above: readonly string[]): void {
    this.#found.push({ name, reason, label: this.#labelOf(above) });
  }

  #judge(name: string, entry: Dirent, above: readonly string[]): FoundImage | Rejection {
    const isHidden = entry.name.startsWith('.');
    try {
      const problem = problemOf(entry);
      if (problem !== undefined) throw new RejectionError(problem);
      const [label, split] = this.#placeOf(above);
      return { name, label: labelNamed(label), split };
    } catch (error) {
      return { name, reason: messageOf(error), label: isHidden ? undefined : this.#labelOf(above) };
    }
  }

  #labelOf(above: readonly string[]): string | undefined {
    try {
      return this.#placeOf(above)[0];
    } catch {
      return undefined;
    }
  }

  /** The class and the split of a file, from its parent folders. Throws RejectionError. */
  #placeOf([first, ...rest]: readonly string[]): [label: string, split: SplitName | undefined] {
    if (first === undefined) throw new RejectionError('outside the folders of the classes');
    const hasSplits = this.#isSplit || this.#isBelowTrain;
    const split = hasSplits ? splitNamed(first) : undefined;
    if (split === undefined && hasSplits) throw new RejectionError('neither below train nor below test');
    const label = split === undefined ? first : rest[0];
    if (label === undefined) throw new RejectionError('outside the folders of the classes');
    return [label, this.#isBelowTrain && split === 'train' ? undefined : split];
  }
}

function isTaken(name: string, depth: number): boolean {
  return !name.startsWith('.') && name !== '__MACOSX' && depth < MAX_DEPTH;
}

function problemOf(entry: Dirent): string | undefined {
  if (entry.isDirectory()) return 'a hidden folder, or one too deep';
  if (entry.name.startsWith('.')) return 'a hidden file';
  const foreign = foreignPicture(entry.name);
  if (foreign !== undefined) return foreign;
  if (!isImageName(entry.name)) return entry.isSymbolicLink() ? 'a link' : 'not an image by its name';
  // The target of a link is checked when it is read; pipes and the like are never opened.
  return entry.isFile() || entry.isSymbolicLink() ? undefined : 'not an ordinary file';
}
