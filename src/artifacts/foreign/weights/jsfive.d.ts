/** What is used of jsfive, which has no types. */
declare module 'jsfive' {
  export class Group {
    readonly keys: string[];
    readonly attrs: Record<string, unknown>;
    get(key: string): Group | Dataset | null;
  }
  export class File extends Group {
    constructor(bytes: ArrayBuffer);
  }
  export class Dataset extends Array<number> {
    readonly shape: number[];
    /** A list for types that are no numbers. */
    readonly dtype: unknown;
    readonly value: ArrayLike<number>;
  }
}
