/** How the handles and constants of an MPI are represented; the standard leaves that to each family of libraries. */
export interface MpiAbi {
  readonly name: 'MPI 5 standard ABI' | 'MPICH ABI' | 'Open MPI';
  /** The C type of a communicator, a data type and so on: a pointer, or a number. */
  readonly handle: 'intptr_t' | 'int';
  readonly threadMultiple: number;
  /** The handles that are constants of a header file, or addresses of a library's variables. */
  handles(addressOf: (symbol: string) => bigint): MpiHandles;
}

/** The predefined handles that are used here. */
export interface MpiHandles {
  readonly world: bigint;
  readonly byte: bigint;
  readonly float: bigint;
  readonly sum: bigint;
  readonly errorsReturn: bigint;
}

/** The ABI of the MPI 5.0 standard (chapter 20, `mpi_abi.h`): `libmpi_abi.so.1`. */
const standard: MpiAbi = {
  name: 'MPI 5 standard ABI',
  handle: 'intptr_t',
  threadMultiple: 4096,
  handles: () => ({ world: 0x101n, byte: 0x247n, float: 0x210n, sum: 0x21n, errorsReturn: 0x143n }),
};

/** The ABI that MPICH, Intel MPI, Cray MPICH and MVAPICH share (`mpi.h` of MPICH): `libmpi.so.12`. */
const mpich: MpiAbi = {
  name: 'MPICH ABI',
  handle: 'int',
  threadMultiple: 3,
  handles: () => ({
    ...{ world: 0x44000000n, byte: 0x4c00010dn, float: 0x4c00040an },
    ...{ sum: 0x58000003n, errorsReturn: 0x54000001n },
  }),
};

/** Open MPI 4 and 5, whose handles are addresses of variables: `libmpi.so.40`. */
const openMpi: MpiAbi = {
  name: 'Open MPI',
  handle: 'intptr_t',
  threadMultiple: 3,
  handles: (addressOf) => ({
    world: addressOf('ompi_mpi_comm_world'),
    byte: addressOf('ompi_mpi_byte'),
    float: addressOf('ompi_mpi_float'),
    sum: addressOf('ompi_mpi_op_sum'),
    errorsReturn: addressOf('ompi_mpi_errors_return'),
  }),
};

/** The ABI of a library, by its file name and the variables that it exports. */
export function abiOf(file: string, exportsVariable: (symbol: string) => boolean): MpiAbi {
  if (exportsVariable('ompi_mpi_comm_world')) return openMpi;
  return file.includes('libmpi_abi') ? standard : mpich;
}
