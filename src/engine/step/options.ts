import { z } from 'zod';

import { parseOptions } from '../../tensorflow/options.js';

/** How a step is compiled. */
export interface CompileOptions {
  /** What messages call the step; without it, the name of its function. */
  name?: string | undefined;
  /**
   * How many programs are kept: one is made for each combination of types and shapes that the step is called with, and the one that was
   * not used for longest goes. 32 without it.
   */
  programs?: number | undefined;
  /** Runs the step as it is, operation by operation: to look for a fault in it, or to compare. */
  eager?: boolean | undefined;
}

/** How a model is compiled, beside what its own `compile` takes. */
export interface CompileModelOptions extends Omit<CompileOptions, 'name'> {
  /** Of the random numbers that layers such as dropout draw; 0 without it. */
  seed?: number | undefined;
}

const stepFields = {
  programs: z.int().min(1).default(32),
  eager: z.boolean().default(false),
};

const compileSchema = z.strictObject({
  name: z.string().min(1).optional(),
  ...stepFields,
}) satisfies z.ZodType<unknown, CompileOptions>;

const modelSchema = z.strictObject({
  seed: z.int().default(0),
  ...stepFields,
}) satisfies z.ZodType<unknown, CompileModelOptions>;

/** The options of `compile`, with the defaults. Throws USAGE. */
export function parseCompileOptions(options: CompileOptions): z.output<typeof compileSchema> {
  return parseOptions('compile', compileSchema, options);
}

/** Ours among the options of `compileModel`, with the defaults, and those of the model's own `compile`. Throws USAGE. */
export function parseModelOptions(options: Readonly<Record<string, unknown>>): {
  ours: z.output<typeof modelSchema>;
  theirs: Record<string, unknown>;
} {
  const isOurs = ([name]: [string, unknown]): boolean => name in modelSchema.shape;
  const entries = Object.entries(options);
  const ours = Object.fromEntries(entries.filter(isOurs));
  return {
    ours: parseOptions('compileModel', modelSchema, ours),
    theirs: Object.fromEntries(entries.filter((entry) => !isOurs(entry))),
  };
}
