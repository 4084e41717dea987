import { Registry } from '../../core/registry.js';
import type { BackendDefinition } from './backend.js';
import { cpu } from './cpu.js';
import { tensorflow } from './tensorflow.js';
import { wasm } from './wasm.js';

/** The backends of `--backend`. To add one, create a file beside this one and add it to this list. */
export const backends = new Registry<BackendDefinition>('backend', [tensorflow, wasm, cpu]);
