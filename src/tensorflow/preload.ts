import type { Emit } from '../core/events.js';
import { preloadTensorFlow } from './c-api/c-api.js';
import { enableOneDnn } from './onednn.js';
import type { DeviceName } from './runtime/device.js';
import { installedRuntime, type ObtainedRuntime } from './runtime/obtain.js';
import { runningTensorFlow } from './running.js';

/** The settings that decide which libraries are loaded. */
interface LibrarySettings {
  device: DeviceName;
  /** The folder of the libraries, instead of those that would be found. */
  runtime?: string | undefined;
  environment: NodeJS.ProcessEnv;
}

/** Libraries that are being loaded on another thread. */
interface Preload {
  settings: LibrarySettings;
  /** Undefined where none is installed, or they could not be loaded. */
  obtained: Promise<ObtainedRuntime | undefined>;
}

let preload: Preload | undefined;

/**
 * Begins to load an installed TensorFlow on another thread, once for the process, so that other work goes on until it is started with the
 * same settings. Resolves when the other thread has begun. Installs nothing, and never fails: what is wrong shows when TensorFlow is
 * started.
 */
export async function beginLoading(settings: LibrarySettings, emit: Emit): Promise<void> {
  if (runningTensorFlow() || preload) return;
  const { device, runtime: folder, environment } = settings;
  const found = installedRuntime({ device, folder, environment }, emit).catch(() => undefined);
  preload = { settings, obtained: found.then(load).catch(() => undefined) };
  await found;
}

async function load(obtained: ObtainedRuntime | undefined): Promise<ObtainedRuntime | undefined> {
  if (!obtained) return undefined;
  enableOneDnn(process.env);
  await preloadTensorFlow(obtained.runtime);
  return obtained;
}

/** What `beginLoading` has loaded with the same settings, when it has; undefined if nothing. */
export async function preloaded({
  device,
  runtime,
}: Omit<LibrarySettings, 'environment'>): Promise<ObtainedRuntime | undefined> {
  const obtained = await preload?.obtained;
  const isSame = preload?.settings.device === device && preload.settings.runtime === runtime;
  return isSame ? obtained : undefined;
}
