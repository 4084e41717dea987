import { silentContext, type StageContext, type ToolkitEvent } from '../core/events.js';
import type { ProgressOptions, RuntimeEvent, RuntimeWarning } from './options.js';

/** A context that passes the events about runtimes to the caller and collects the warnings. */
export function listen({ onProgress, signal }: ProgressOptions): {
  context: StageContext;
  warnings: RuntimeWarning[];
} {
  const warnings: RuntimeWarning[] = [];
  const emit = (event: ToolkitEvent): void => {
    if (event.event === 'warning') warnings.push(event);
    if (isRuntimeEvent(event)) onProgress?.(event);
  };
  return { context: silentContext({ emit, ...(signal && { signal }) }), warnings };
}

function isRuntimeEvent(event: ToolkitEvent): event is ToolkitEvent & RuntimeEvent {
  return ['stage', 'notice', 'progress', 'warning'].includes(event.event);
}
