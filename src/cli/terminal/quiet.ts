import type { ToolkitEvent } from '../../core/events.js';
import { PrettyReporter } from './pretty.js';

/** Shows only results, warnings and errors. */
export class QuietReporter extends PrettyReporter {
  override event(event: ToolkitEvent): void {
    if (event.event === 'warning') super.event(event);
  }
}
