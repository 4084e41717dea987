import { AuditLog, type AuditRecord } from '../../artifacts/audit.js';
import { readManifest } from '../../artifacts/manifest.js';
import { ModelRegistry, versionName } from '../../artifacts/model-registry.js';
import { isToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';

/**
 * Returns a function that says why a registry needs a run: a version was made from it, or may have been. A version whose manifest
 * cannot be read is a warning; the audit log says which run it was deployed from. Where the log does not, every run is kept.
 */
export async function registeredRuns(
  registryDir: string,
  { emit }: StageContext,
): Promise<(run: string) => string | undefined> {
  const registry = new ModelRegistry(registryDir);
  const reasons = new Map<string, string>();
  let unknown: string | undefined;
  for (const name of await registry.names()) {
    for (const version of await registry.versions(name)) {
      const what = `${name}, version ${version}`;
      try {
        const { source } = await readManifest(registry.versionFolder(name, version));
        if (!reasons.has(source.run)) reasons.set(source.run, `${what}, was made from it`);
      } catch (error) {
        if (!isToolkitError(error)) throw error;
        const runs = await deployedRuns(registry, versionName({ name, version }));
        for (const run of runs) reasons.set(run, `${what}, was made from it, and cannot be read`);
        if (runs.length === 0) unknown ??= `${what}, cannot be read and may have been made from it`;
        const kept = runs.length === 0 ? 'all runs are kept' : `kept: ${runs.join(', ')}`;
        const hint = `${kept}; "mnist registry list" shows the damaged versions`;
        emit({
          event: 'warning',
          code: error.code,
          message: `${what}, cannot be read: ${error.message}`,
          hint,
        });
      }
    }
  }
  return (run) => reasons.get(run) ?? unknown;
}

/** The runs that the audit log says a version was deployed from; more than one where a number was used again. */
async function deployedRuns({ auditFile }: ModelRegistry, subject: string): Promise<string[]> {
  const records = await new AuditLog(auditFile).read().catch((error: unknown): AuditRecord[] => {
    if (isToolkitError(error)) return [];
    throw error;
  });
  const runs = records
    .filter((record) => record.action === 'deploy' && record.subject === subject)
    .map(({ details }) => details['run']);
  return [...new Set(runs.filter((run) => typeof run === 'string'))];
}
