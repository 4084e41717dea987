import { flagOf } from '../core/config/fields.js';
import { ToolkitError } from '../core/errors.js';
import type { ParsedArguments } from './arguments.js';
import { isCommon, type Command } from './command.js';

/**
 * Refuses options and arguments that belong to other actions of a command. Throws OPTION_NOT_APPLICABLE, and USAGE for too many
 * arguments. A file or the environment may have options of all actions.
 */
export function refuseForAction(
  name: string,
  { actions }: Pick<Command, 'actions'>,
  { positionals, values }: ParsedArguments,
): void {
  const [word = '', ...following] = positionals;
  const action = actions?.[word];
  if (!action) return;
  const called = `"mnist ${word === '' ? name : `${name} ${word}`}"`;
  const { options, arguments: most = 0 } = action;
  const foreign = Object.keys(values).find((key) => !isCommon(key) && !options.includes(key));
  if (foreign !== undefined) {
    throw new ToolkitError('OPTION_NOT_APPLICABLE', {
      option: flagOf(foreign),
      origin: 'the command line',
      plugin: called,
      options: options.map(flagOf).join(', ') || 'no options of its own',
    });
  }
  if (following.length <= most) return;
  throw new ToolkitError('USAGE', {
    message: `${called} does not take "${following[most]!}"`,
    hint: `"mnist ${name} --help" lists the arguments`,
  });
}
