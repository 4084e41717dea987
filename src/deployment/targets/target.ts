import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';
import type { DeploymentSource, ExportedModel } from '../source.js';

/** A plug-in of the target registry: a form in which a trained model is put to use. */
export interface TargetDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** Where the finished folder goes: a folder of its own, or the registry of models. */
  readonly destination: 'folder' | 'registry';
  /** Whether all its files are written by `writeFileAtomically`, and so may be encrypted. */
  readonly isEncryptable?: boolean;
  /** The names of the only models that it takes; left out, it takes any. */
  readonly models?: readonly string[];
  /** Whether it takes models that are ONNX files as well: it copies the checkpoint, and asks for no layers. */
  readonly takesOnnx?: boolean;
  /**
   * Writes the model into a folder and loads it from there, so that the written files are verified. Throws
   * EXPORT_UNSUPPORTED, BACKEND_UNAVAILABLE and storage errors.
   */
  // A method, so that definitions with narrower options are still definitions.
  export(source: DeploymentSource, options: z.output<Options>, folder: string): Promise<ExportedModel>;
}

/** Defines a target, keeping the types of its options. */
export function defineTarget<Name extends string, Options extends z.ZodObject>(
  definition: TargetDefinition<Name, Options>,
): TargetDefinition<Name, Options> {
  return { kind: 'target', ...definition };
}
