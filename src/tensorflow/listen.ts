import { silentContext, type StageContext, type ToolkitEvent } from '../core/events.js';
import type { ProgressOptions, RuntimeEvent, RuntimeWarning } from './options.js';

/** The context of a call, which tells its caller what concerns a runtime, and the warnings so far. */
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
