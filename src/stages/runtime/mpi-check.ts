import { loadMpi } from '../../engine/mpi/library.js';
import { findMpi } from '../../engine/mpi/locate.js';
import type { Check } from './check.js';

/** Which MPI there is, for training with several workers; it is loaded, not started. */
export async function checkMpi(environment: NodeJS.ProcessEnv): Promise<Check> {
  const name = 'MPI';
  const named = environment['MNIST_MPI'];
  const found = await findMpi({ named: named === '' ? undefined : named, environment });
  if (!found) {
    const advice = 'only needed for "mnist train --workers": run "mnist runtime install --mpi"';
    return { name, status: 'ok', found: 'not installed', advice };
  }
  const { version, abi } = loadMpi(found.library);
  const start = found.mpiexec === undefined ? '' : `, mpiexec: ${found.mpiexec}`;
  return {
    name,
    status: 'ok',
    found: `${version} (${abi.name}, ${found.origin}) in ${found.library}${start}`,
    advice: null,
  };
}
