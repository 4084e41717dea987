/** Options that note which of them are read. */
export interface RecordedOptions<Options extends object> {
  options: Options;
  read: ReadonlySet<string>;
}

/**
 * Wraps options so that reads are noted: `options.seed` and `{ seed } = options`. A copy of all of them (`{ ...options }`, a rest,
 * `Object.entries`) reads none: whoever copies options has not used them yet.
 */
export function recordReads<Options extends object>(values: Options): RecordedOptions<Options> {
  const read = new Set<string>();
  let copied: string | symbol | undefined;
  // A copy: what comes frozen could not be wrapped.
  const options = new Proxy(
    { ...values },
    {
      getOwnPropertyDescriptor(target, key) {
        // A copy asks for each property's descriptor right before its value.
        copied = key;
        return Reflect.getOwnPropertyDescriptor(target, key);
      },
      get(target, key) {
        if (copied !== key && typeof key === 'string') read.add(key);
        copied = undefined;
        return Reflect.get(target, key) as unknown;
      },
    },
  );
  return { options, read };
}
