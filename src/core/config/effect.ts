import { ToolkitError } from '../errors.js';
import type { Field, OnlyWith } from './fields.js';

/** A setting, with the layer that it is from. */
interface Given {
  value: unknown;
  layer: { label: (key: string) => string; isShared?: boolean };
}

/**
 * Refuses settings that have no effect because an option is missing that they need. What a file or the environment sets may be meant for
 * another command, so that it is not refused; nor is the default, which asks for nothing. Throws USAGE.
 *
 * @param isPlugin whether a value of an option selects a plug-in from outside
 */
export function refuseIneffective(
  fields: ReadonlyMap<string, Field>,
  settings: ReadonlyMap<string, Given>,
  isPlugin: (option: string, value: unknown) => boolean = () => false,
): void {
  for (const [key, { value, layer }] of settings) {
    const { onlyWith, fallback } = fields.get(key) ?? {};
    if (!onlyWith || layer.isShared || JSON.stringify(value) === JSON.stringify(fallback)) continue;
    const valueOf = (option: string): unknown => settings.get(option)?.value ?? fields.get(option)?.fallback;
    if (onlyWith.options.some((option) => isMet(onlyWith, valueOf(option)))) continue;
    const { orPluginOf } = onlyWith;
    if (orPluginOf !== undefined && isPlugin(orPluginOf, valueOf(orPluginOf))) continue;
    const needed = onlyWith.options.map(layer.label).join(' or ');
    const values = onlyWith.values ? ` ${onlyWith.values.join(' or ')}` : '';
    throw new ToolkitError('USAGE', {
      message: `${layer.label(key)} has no effect without ${needed}${values}`,
      hint: `add ${needed}${values}, or leave out ${layer.label(key)}`,
    });
  }
}

function isMet({ values }: OnlyWith, value: unknown): boolean {
  const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values) return parts.some((part) => typeof part === 'string' && values.includes(part));
  // An amount of 0 asks for nothing, but a list with a 0 does, such as that of an image's position.
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== false && value !== 0;
}
