/** Where an MPI launcher has put this process: its rank, and the number of workers. */
export interface LaunchedPlace {
  rank: number;
  size: number;
  /** Which family of libraries the launcher belongs to, if it tells. */
  family: 'Open MPI' | undefined;
}

/** The variables of launchers, with those for rank and size. */
const LAUNCHERS: readonly { rank: string; size: string; family?: 'Open MPI' }[] = [
  { rank: 'OMPI_COMM_WORLD_RANK', size: 'OMPI_COMM_WORLD_SIZE', family: 'Open MPI' },
  // MPICH, Intel MPI, MVAPICH, and Slurm with PMI.
  { rank: 'PMI_RANK', size: 'PMI_SIZE' },
  // Cray's, of PALS.
  { rank: 'PALS_RANKID', size: 'PALS_SIZE' },
  // A step of Slurm: a batch script alone has only SLURM_PROCID.
  { rank: 'SLURM_PROCID', size: 'SLURM_STEP_NUM_TASKS' },
];

/** The place of this process among several that a launcher (`mpiexec`, `srun`) has started; undefined if it was started alone. */
export function launchedPlace(environment: NodeJS.ProcessEnv): LaunchedPlace | undefined {
  for (const { rank: rankName, size: sizeName, family } of LAUNCHERS) {
    const [rank, size] = [numberIn(environment[rankName]), numberIn(environment[sizeName])];
    if (rank === undefined || size === undefined) continue;
    return size > 1 && rank < size ? { rank, size, family } : undefined;
  }
  return undefined;
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
