import { Registry } from '../../core/registry.js';
import type { BackendDefinition } from './backend.js';
import { cpu } from './cpu.js';
import { tensorflow } from './tensorflow.js';
import { wasm } from './wasm.js';

/** The backends that `--backend` can name. A new one is a file beside this one, and a line here. */
export const backends = new Registry<BackendDefinition>('backend', [tensorflow, wasm, cpu]);
