import type { ToolkitEvent } from '../../core/events.js';
import { PrettyReporter } from './pretty.js';

/** For scripts whose output people read: results, warnings and errors alone. */
export class QuietReporter extends PrettyReporter {
  override event(event: ToolkitEvent): void {
    if (event.event === 'warning') super.event(event);
  }
}
