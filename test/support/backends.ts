import type { ActiveBackend, BackendRequest } from '../../src/engine/backends/backend.js';
import { startBackend } from '../../src/engine/backends/start.js';
import { silentContext, type ToolkitEvent } from '../../src/core/events.js';

/** A request for the CPU and one thread, so that results can be repeated bit for bit. */
export function cpuRequest(more: Partial<BackendRequest> = {}): BackendRequest {
  return { device: 'cpu', threads: 1, runtime: undefined, environment: process.env, ...more };
}

/** Starts a backend on the CPU with one thread. */
export function startOnCpu(name: string): Promise<ActiveBackend> {
  return startBackend(name, cpuRequest(), silentContext());
}

/** A context that keeps what it is told. */
export function recordingContext(): { events: ToolkitEvent[]; context: ReturnType<typeof silentContext> } {
  const events: ToolkitEvent[] = [];
  return { events, context: silentContext({ emit: (event) => events.push(event) }) };
}
