import { fieldsOf } from '../../core/config/fields.js';
import { optionFields, type Choice } from '../../core/config/resolve.js';

/** The options that mean something together, and those that were drawn in vain. */
export interface ActiveSettings {
  settings: Record<string, unknown>;
  inactive: string[];
}

/**
 * Leaves out of drawn options those of plug-ins that were not chosen: `momentum`, where the optimiser is Adam.
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
