import type { Wheel } from '../../tensorflow/runtime/variants.js';

/** An MPI that can be installed: the pinned wheel of MPICH, and the files of it that are used. */
export interface MpiPackage {
  readonly version: string;
  readonly platform: string;
  readonly wheels: readonly [Wheel];
  /** The platform tags of the wheel, for pip. */
  readonly pipPlatforms: readonly string[];
  readonly installedBytes: number;
}

const VERSION = '5.0.2';
const FOLDER = `mpich-${VERSION}.data/data`;

/** The library of MPI, within an installed package. */
export const MPI_LIBRARY = `${FOLDER}/lib/libmpi_abi.so.1`;
/** The program that starts ranks, on other machines too. */
export const MPIEXEC = `${FOLDER}/bin/mpiexec.hydra`;

/**
 * The library with the standard's ABI and what it loads, `mpiexec` and the program that it starts on each machine, and the licences. Not
 * the compilers' scripts, the headers, MPICH's other ABI, or plug-ins for special networks.
 */
const MEMBERS =
  /^mpich-[\d.]+\.(data\/data\/(lib\/libmpi_abi\.so\.1|lib\/mpich\/lib\w+\.so\.\d+|bin\/(mpiexec\.hydra|hydra_pmi_proxy))|dist-info\/licenses\/.+)$/;

/** @param hashes of the library, libfabric, libucm, libucp, libucs, libucs_signal, libuct, mpiexec and hydra_pmi_proxy */
function wheel(
  tag: string,
  bytes: number,
  sha256: string,
  hashes: readonly string[],
): Pick<MpiPackage, 'wheels' | 'pipPlatforms'> {
  const names = ['libfabric.so.1', 'libucm.so.0', 'libucp.so.0', 'libucs.so.0', 'libucs_signal.so.0'];
  const libraries = [...names, 'libuct.so.0'].map((name) => `${FOLDER}/lib/mpich/${name}`);
  const files = [MPI_LIBRARY, ...libraries, MPIEXEC, `${FOLDER}/bin/hydra_pmi_proxy`];
  const pinned = Object.fromEntries(files.map((file, at) => [file, [hashes[at]!]]));
  const file = `mpich-${VERSION}-py3-none-${tag}.whl`;
  const of = { project: 'mpich', version: VERSION, file, bytes, sha256 };
  return { wheels: [{ ...of, members: MEMBERS, libraries: pinned }], pipPlatforms: [tag] };
}

const packages: readonly MpiPackage[] = [
  {
    version: VERSION,
    platform: 'linux-x64',
    installedBytes: 17_500_000,
    ...wheel(
      'manylinux_2_28_x86_64',
      13_282_595,
      '8fed465ebff269ea2ebac179a25de02671ddf8df476e0f115be089015015cfd4',
      [
        '42918a6749a42355dee5388281a94c37303832f9e11bc138709fb5e7622529fa',
        '774cf3f9fc0edd82cfbee15e1610c36f94f2b8d1410115d7bab7ca5cd7764003',
        'ec60318e242e5526325d39564c78ed9fb7a1666c79ba138fdabf2720479f0da2',
        'da88318be234deef89f5ac29f180d1cba549fb1588cafa1f659cd0433efb2d97',
        'dc2547cf7278c048dac4dbc052b0ae72b93fff5ccdd5a34da1086730c0bd7cb6',
        '8ed5194bd9ad58be4aff909404306e23abea937aa5eaced774b65baf241c65be',
        '7c64f83367a547cb54b7e2b4a31b886550f2e4284e612cf413b6e26a79f38b27',
        '18e436afe968b4534a93555c10db82622375d3457f8827f9147d3f960e211a9e',
        '8c9f1c5be81678a2d0a402d1a3ad2747a9262b9ada3a977795b3cf99d16ace91',
      ],
    ),
  },
  {
    version: VERSION,
    platform: 'linux-arm64',
    installedBytes: 16_700_000,
    ...wheel(
      'manylinux_2_28_aarch64',
      10_390_986,
      '992ae6ebb0da97d49d7a67000ae8112da9a3825da1bb1e6f1d196428a0410f2d',
      [
        '8b71c4b5a918edb77e8cd8f9e0541c020e7304c8fd30b2f6bca7c2f3a9e12f6e',
        'ffb49f72a33e0a64dff033180fd707cbe5f99178c29fcc31cf1ce1d1d1559181',
        '4aece6e9b40d405bf2246a7bb29e62ae5f33677b142ebe9cea3863d8cf3364f1',
        '168b4624dc93a7fca89ee695cb009d2714e4a8d42813bdecd4674faa28d7d91c',
        'b82991174e22e47b61515bbf44b9177b592f475f960adfb5fbd139cec2ef7c81',
        'dbc838c267549c125b08fdf699bc9afad159ef718aaf625ab1e83f1c54798cfa',
        'c5bd425d19ad8e6b308d9d9dee28a2496135bff56b8ac60cf3f45888e55306c9',
        'ce17273f11da0ac5e01d3e5d28272db82c760a7feb13218dc8d324ca984014e6',
        '9a4bcb2b207c9e1851bccd9668f9fc35a2223a549dd2598b6b59e286f178377c',
      ],
    ),
  },
];

/** The MPI that can be installed on a platform, by default this machine's; undefined if there is none. */
export function mpiPackageFor(platform = `${process.platform}-${process.arch}`): MpiPackage | undefined {
  return packages.find((each) => each.platform === platform);
}
