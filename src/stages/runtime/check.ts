import { asToolkitError } from '../../core/errors.js';

/** The result of one check. */
export interface Check {
  name: string;
  /** `warning`: something works less well than it could. `problem`: something does not work. */
  status: 'ok' | 'warning' | 'problem';
  found: string;
  /** What to do, where something can be done. */
  advice: string | null;
}

/** Runs a check; one that throws is a problem that says why. */
export async function attempt(name: string, check: () => Check | Promise<Check>): Promise<Check> {
  try {
    return await check();
  } catch (thrown) {
    const { message, hint } = asToolkitError(thrown);
    return { name, status: 'problem', found: `cannot be checked: ${message}`, advice: hint };
  }
}
