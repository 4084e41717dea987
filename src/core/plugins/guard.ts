import { pathToFileURL } from 'node:url';

import { isToolkitError, messageOf, ToolkitError } from '../errors.js';

/** Finds where an error comes from; undefined if it is from nowhere in the plug-in. */
export type Locate = (error: unknown) => string | undefined;

/** Errors that a plug-in throws on purpose, with a message for users. */
const MEANT = new Set(['USAGE', 'SOURCE_REFUSED', 'EXPORT_UNSUPPORTED', 'PLUGIN_FAILED', 'PLUGIN_REFUSED']);

/** Finds the first place of a stack trace that is in one of the files: "/home/me/mine.mjs:12:5". */
export function locateIn(files: readonly string[]): Locate {
  const names = files.flatMap((file) => [pathToFileURL(file).href, file]).map(escaped);
  const pattern = new RegExp(`(${names.join('|')}):(\\d+(?::\\d+)?)`);
  const paths = new Map(files.map((file) => [pathToFileURL(file).href, file]));
  return (error) => {
    const stack = error instanceof Error ? `${error.stack ?? ''}\n${messageOf(error)}` : '';
    const [, file, line] = pattern.exec(stack) ?? [];
    return file === undefined || line === undefined ? undefined : `${paths.get(file) ?? file}:${line}`;
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The error of a plug-in with file and line. What is not its own, such as an interruption, stays as it is. */
export function pluginError(error: unknown, locate: Locate, fallback: string): unknown {
  const place = locate(error);
  if (isToolkitError(error)) {
    if (place !== undefined && !MEANT.has(error.code)) error.message = `${place}: ${error.message}`;
    return error;
  }
  if (place === undefined && error instanceof Error && error.name === 'AbortError') return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : messageOf(error);
  const details = { place: place ?? fallback, reason: reason.split('\n', 1)[0]! };
  return new ToolkitError('PLUGIN_FAILED', details, { cause: error });
}

type Call = (this: unknown, ...values: unknown[]) => unknown;

/**
 * Wraps the functions of a plug-in, and those of what they return, so that their errors name file and line. Tensors, arrays of numbers
 * and the like are returned as they are.
 *
 * @param fallback names the plug-in where the error has no place in it
 */
export function guarded<Value>(value: Value, locate: Locate, fallback: string): Value {
  const fail = (error: unknown): never => {
    throw pluginError(error, locate, fallback);
  };
  const guard = (given: unknown): unknown => {
    if (typeof given === 'function') return guardFunction(given as Call);
    if (typeof given !== 'object' || given === null) return given;
    if (given instanceof Promise) return given.then(guard, fail);
    if (Array.isArray(given)) return given.map(guard);
    if (Symbol.asyncIterator in given) return guardIteration(given as AsyncIterable<unknown>);
    if (Symbol.iterator in given || ArrayBuffer.isView(given) || 'dataId' in given) return given;
    const prototype = Object.getPrototypeOf(given) as unknown;
    return prototype === Object.prototype || prototype === null ? guardObject(given) : guardInstance(given);
  };
  const guardFunction = (call: Call): Call =>
    function (...values) {
      try {
        return guard(call.apply(this, values));
      } catch (error) {
        return fail(error);
      }
    };
  const guardObject = (given: object): object =>
    Object.fromEntries(Object.entries(given).map(([key, held]) => [key, guard(held)]));
  const guardInstance = (given: object): object =>
    new Proxy(given, {
      get(target, key) {
        const held: unknown = Reflect.get(target, key, target);
        return typeof held === 'function' ? guardFunction((held as Call).bind(target)) : held;
      },
    });
  async function* guardIteration(given: AsyncIterable<unknown>): AsyncGenerator {
    try {
      yield* given;
    } catch (error) {
      fail(error);
    }
  }
  return guard(value) as Value;
}
