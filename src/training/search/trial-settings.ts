import { fieldsOf } from '../../core/config/fields.js';
import { optionFields, type Choice } from '../../core/config/resolve.js';

/** The drawn options that apply to a trial, and the names of those that do not. */
export interface ActiveSettings {
  settings: Record<string, unknown>;
  inactive: string[];
}

/**
 * Removes drawn options that belong to plug-ins which the trial does not use, such as `momentum` with Adam.
 *
 * @param fixed the options that are the same in all trials
 */
export function activeSettings(
  choices: Readonly<Record<string, Choice>>,
  drawn: Readonly<Record<string, unknown>>,
  fixed: Readonly<Record<string, unknown>>,
): ActiveSettings {
  const inactive = new Set<string>();
  for (const [key, choice] of Object.entries(choices)) {
    const name = drawn[key] ?? fixed[key] ?? choice.fallback;
    const plugin = typeof name === 'string' ? choice.registry.get(name) : undefined;
    const own = plugin ? fieldsOf(plugin.options) : new Map();
    for (const option of optionFields(choice).keys()) {
      if (option in drawn && !own.has(option)) inactive.add(option);
    }
  }
  const settings = Object.entries(drawn).filter(([key]) => !inactive.has(key));
  return { settings: Object.fromEntries(settings), inactive: [...inactive] };
}
