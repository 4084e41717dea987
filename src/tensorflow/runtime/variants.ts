import { libraryHashes } from './library-hashes.js';

/** A Python wheel that contains libraries. Only some of its files are unpacked; no Python code of it is run. */
export interface Wheel {
  project: string;
  version: string;
  file: string;
  bytes: number;
  sha256: string;
  /** The files to unpack; they keep their paths, because the libraries find each other by relative paths. */
  members: RegExp;
  /** The allowed SHA-256 hashes of each library. */
  libraries: Readonly<Record<string, readonly string[]>>;
}

/** A build of TensorFlow: for the CPU alone, or for NVIDIA GPUs too. */
export type VariantName = 'cpu' | 'cuda';

/** A variant, or `auto`: the one for the device and the installed driver. */
export const variantChoices = ['auto', 'cpu', 'cuda'] as const satisfies readonly ('auto' | VariantName)[];

/** One of `variantChoices`. */
export type VariantChoice = (typeof variantChoices)[number];

/** An installable TensorFlow runtime: its pinned wheels. */
export interface RuntimeVariant {
  name: VariantName;
  tensorflow: string;
  /** Supported `process.platform` and `process.arch`, as in `linux-x64`. */
  platform: string;
  wheels: readonly Wheel[];
  /** The platform tags of the wheels, for pip. */
  pipPlatforms: readonly string[];
  /** Disk space of the unpacked libraries, in bytes. */
  installedBytes: number;
}

/** What is downloaded of a package that consists of wheels. */
export type WheelSet = Pick<RuntimeVariant, 'wheels' | 'pipPlatforms'>;

const TENSORFLOW = '2.21.0';
const LIBRARIES = /^tensorflow\/(libtensorflow_(cc|framework)\.(so\.2|2\.dylib)|THIRD_PARTY_NOTICES\.txt)$/;
/**
 * The libraries that TensorFlow loads, and those that they load. Not the libraries for other programs: BLAS and FFTW replacements,
 * solvers for several GPUs, checkpointing, and sampling for profilers.
 */
const CUDA_LIBRARIES =
  /^nvidia\/\w+\/(lib\/lib(?!nvblas|cufftw|cusolverMg|checkpoint|pcsamplingutil)[^/]+\.so[.\d]*|bin\/ptxas|nvvm\/libdevice\/[^/]+)$|License\.txt$/;

function tensorflow(project: string, tag: string, bytes: number, sha256: string): Wheel {
  const file = `${project.replace('-', '_')}-${TENSORFLOW}-cp311-cp311-${tag}.whl`;
  const system = tag.startsWith('macosx') ? 'darwin' : 'linux';
  const libraries = libraryHashes[`${project} ${system}-${tag.endsWith('x86_64') ? 'x64' : 'arm64'}`]!;
  return { project, version: TENSORFLOW, file, bytes, sha256, members: LIBRARIES, libraries };
}

function nvidia(
  name: string,
  version: string,
  bytes: number,
  sha256: string,
  tag = 'manylinux2014_x86_64',
): Wheel {
  const file = `nvidia_${name}_cu12-${version}-py3-none-${tag}.whl`;
  const project = `nvidia-${name.replaceAll('_', '-')}-cu12`;
  const libraries = libraryHashes[project]!;
  return { project, version, file, bytes, sha256, members: CUDA_LIBRARIES, libraries };
}

/** The installable runtimes. The hashes are those of the files on the Python package index. */
export const variants: readonly RuntimeVariant[] = [
  {
    name: 'cpu',
    tensorflow: TENSORFLOW,
    platform: 'linux-x64',
    pipPlatforms: ['manylinux_2_27_x86_64'],
    installedBytes: 854_000_000,
    wheels: [
      tensorflow(
        'tensorflow-cpu',
        'manylinux_2_27_x86_64',
        273_829_956,
        '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
      ),
    ],
  },
  {
    name: 'cuda',
    tensorflow: TENSORFLOW,
    platform: 'linux-x64',
    pipPlatforms: ['manylinux_2_27_x86_64', 'manylinux2014_x86_64'],
    installedBytes: 4_024_000_000,
    wheels: [
      tensorflow(
        'tensorflow',
        'manylinux_2_27_x86_64',
        572_440_367,
        '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
      ),
      nvidia(
        'cublas',
        '12.5.3.2',
        363_313_169,
        'ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b',
      ),
      nvidia(
        'cuda_cupti',
        '12.5.82',
        13_811_507,
        'bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953',
      ),
      nvidia(
        'cuda_nvcc',
        '12.5.82',
        22_468_537,
        'b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0',
      ),
      nvidia(
        'cuda_nvrtc',
        '12.5.82',
        24_873_108,
        '3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd',
      ),
      nvidia(
        'cuda_runtime',
        '12.5.82',
        895_707,
        '3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115',
      ),
      nvidia(
        'cudnn',
        '9.3.0.75',
        577_163_502,
        '9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d',
      ),
      nvidia(
        'cufft',
        '11.2.3.61',
        192_524_114,
        '9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8',
      ),
      nvidia(
        'cusolver',
        '11.6.3.83',
        130_341_232,
        '93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b',
      ),
      nvidia(
        'cusparse',
        '12.5.1.3',
        217_558_979,
        '016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752',
      ),
      // For several GPUs.
      nvidia(
        'nccl',
        '2.27.7',
        322_546_339,
        'de5ba5562f08029a19cb1cd659404b18411ed0d6c90ac5f52f30bf99ad5809aa',
        'manylinux2014_x86_64.manylinux_2_17_x86_64',
      ),
      nvidia(
        'nvjitlink',
        '12.5.82',
        21_298_879,
        'f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212',
      ),
    ],
  },
  {
    name: 'cpu',
    tensorflow: TENSORFLOW,
    platform: 'linux-arm64',
    pipPlatforms: ['manylinux_2_27_aarch64'],
    installedBytes: 884_000_000,
    wheels: [
      tensorflow(
        'tensorflow',
        'manylinux_2_27_aarch64',
        281_828_020,
        '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
      ),
    ],
  },
  {
    name: 'cpu',
    tensorflow: TENSORFLOW,
    platform: 'darwin-arm64',
    pipPlatforms: ['macosx_12_0_arm64'],
    installedBytes: 742_000_000,
    wheels: [
      tensorflow(
        'tensorflow',
        'macosx_12_0_arm64',
        223_405_849,
        '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88',
      ),
    ],
  },
];

/** The runtime of a variant for a platform, by default this machine's; undefined if there is none. */
export function variantFor(
  name: VariantName,
  platform = `${process.platform}-${process.arch}`,
): RuntimeVariant | undefined {
  return variants.find((variant) => variant.name === name && variant.platform === platform);
}

/** The total size of a variant's wheels, in bytes. */
export function downloadBytes({ wheels }: Pick<RuntimeVariant, 'wheels'>): number {
  return wheels.reduce((sum, { bytes }) => sum + bytes, 0);
}
