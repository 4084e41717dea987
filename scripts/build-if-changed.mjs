// Builds, unless everything is built from the sources as they are.
import { isBuilt } from './sources.mjs';

if (!isBuilt()) {
  await import('./vendor.mjs');
  await import('./build.mjs');
}
