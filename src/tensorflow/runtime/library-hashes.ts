/**
 * The SHA-256 hashes of the libraries in the wheels of TensorFlow 2.21.0 and its NVIDIA dependencies, from the wheels' `RECORD`
 * files. A library has several hashes where the builds for different Python versions differ.
 *
 * The keys are PyPI projects, for TensorFlow followed by the platform.
 */
export const libraryHashes: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'nvidia-cublas-cu12': {
    'nvidia/cublas/lib/libcublas.so.12': ['797b64342af51be6f1623a68b37cc4ec80cb9724438024f927fe55f81c4f90bf'],
    'nvidia/cublas/lib/libcublasLt.so.12': [
      '89977bc9e7b237be98552739507b9d1102d410044345abb3f54aa2f45460a32a',
    ],
    'nvidia/cublas/lib/libnvblas.so.12': ['fd2cda8a2495d50ab84d758c78c8c49cce8699467b3c5102b1d79428af599e95'],
  },
  'nvidia-cuda-cupti-cu12': {
    'nvidia/cuda_cupti/lib/libcheckpoint.so': [
      'd4c42b9461c7a7638b91bd15d6e9eacac40ef164eecf4c67c34f655375408319',
    ],
    'nvidia/cuda_cupti/lib/libcupti.so.12': [
      '979eb4bbc3c4b209bf0c9e97f57116303f35abbdea9a5773b8952fc9e4d55b00',
    ],
    'nvidia/cuda_cupti/lib/libnvperf_host.so': [
      'a4326200ba7f9aa41fc215c130810bb9a8e7ff5c24f732880bee2d7b5c6ec296',
    ],
    'nvidia/cuda_cupti/lib/libnvperf_target.so': [
      'c616cc56278ed9ad3b902ee37cf95297cf672465b6a90f0ee21e3c0da05b70d6',
    ],
    'nvidia/cuda_cupti/lib/libpcsamplingutil.so': [
      'eb3983bac59325e647bece18ee8c27d1cb5d53357fcc89de257532a3a049e5e7',
    ],
  },
  'nvidia-cuda-nvcc-cu12': {
    'nvidia/cuda_nvcc/bin/ptxas': ['08f9de5d031cd59f61e576ebc82dd5d3c785f9b6db5a5356e3279289445f3e2f'],
    'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc': [
      '8c593e48547f85458b6bfbed93a2e6b05484644ccc6b429bb0d8424e06a68b6c',
    ],
  },
  'nvidia-cuda-nvrtc-cu12': {
    'nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.5': [
      '02249f23640dc39ac970fc1b040ef79cfa3f534d364b435a19de678a97752901',
    ],
    'nvidia/cuda_nvrtc/lib/libnvrtc.so.12': [
      'ded4f1c4bf6a2e91f06ceea25c9aa8c1e44a7d8b6ff3bbe22c3b2dabe64debd8',
    ],
  },
  'nvidia-cuda-runtime-cu12': {
    'nvidia/cuda_runtime/lib/libcudart.so.12': [
      '16e8815a5e36a7ffbc9107df350d3f67090afb10a3de4b3710f6928aa7994a36',
    ],
  },
  'nvidia-cudnn-cu12': {
    'nvidia/cudnn/lib/libcudnn.so.9': ['a9524237f7e6d7fb3550b65b0676ad643929e812d0bac87e636ba68bc99e7b60'],
    'nvidia/cudnn/lib/libcudnn_adv.so.9': [
      '55e6b506623443c880e27db7922b4f9ecf30244a52632a038fc1e1c58bf72009',
    ],
    'nvidia/cudnn/lib/libcudnn_cnn.so.9': [
      '859e1ae5e8bdbd9199ccf4d40f5f7897c684efca34fb51fd21fab5234994d470',
    ],
    'nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9': [
      'fd7e18f04dd76b0a91067b616090f69025e5ed8fe9cd6c75e3cecc3f1721a34e',
    ],
    'nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9': [
      'b832e5d206ebd9680eda4c0799b68f062ac5816288d35810cebe60ee5ab90fcc',
    ],
    'nvidia/cudnn/lib/libcudnn_graph.so.9': [
      '064c7a2a2ffbfd51f1e21139f735dd9484bd8718a016e7814166eacd85d92eac',
    ],
    'nvidia/cudnn/lib/libcudnn_heuristic.so.9': [
      '83e4a8546748b7095de4c2be849529f79f9f99123185c43554ff18c028d200cb',
    ],
    'nvidia/cudnn/lib/libcudnn_ops.so.9': [
      '89a374d8dee1b8a14c7e14d63d2fa33c1812df88ab8f0a39eac28e027f2d901d',
    ],
  },
  'nvidia-cufft-cu12': {
    'nvidia/cufft/lib/libcufft.so.11': ['1717df98715048c2f3c5b2f71801ce71ec5964051079441b0e24a7f70aac1b45'],
    'nvidia/cufft/lib/libcufftw.so.11': ['e82fef731f57d61ba03b4944a9808af1b2c72d6f10e08e992d07aecb24a49660'],
  },
  'nvidia-cusolver-cu12': {
    'nvidia/cusolver/lib/libcusolver.so.11': [
      'e6cab63a8e967d245ccbc2eb4eb977aa98f3c61595042500a902466a4d8d9286',
    ],
    'nvidia/cusolver/lib/libcusolverMg.so.11': [
      '90e8edd10c7fd8d1a9146ffaad05bd8477aa947e94ba79039b139b07f510972b',
    ],
  },
  'nvidia-cusparse-cu12': {
    'nvidia/cusparse/lib/libcusparse.so.12': [
      '51c49bf359bc9a5ac6191a50866a171eb5f28cc6eb57ac0e30253dd6a259f2a6',
    ],
  },
  'nvidia-nccl-cu12': {
    'nvidia/nccl/lib/libnccl.so.2': ['6c1668de8ee712a46ac0a5d2d77fdff0e35b5e0869fb83ff4875088f39dea2b8'],
  },
  'nvidia-nvjitlink-cu12': {
    'nvidia/nvjitlink/lib/libnvJitLink.so.12': [
      'fc73ecb6ae4253cbc7e991fe22539961f3ae4adbb1841e972bb037d708211575',
    ],
  },
  'tensorflow darwin-arm64': {
    'tensorflow/libtensorflow_cc.2.dylib': [
      'fcc6457a84e2f418d601f59d5ec578b8bcec4b2369c6b74b1b24f07b9ea4cb8e',
      '753272d059c7be51f64369aaa8e12ac514ce372e0c4ba66f3cc49ec3b1c33384',
      'e003ba85c57343137691f436beed1b13fe93e9dbe54acdbcc285fe2d8090f6c5',
      'ff9c51060f9b59128111137a7db14648497f4098dad97bcf9d7be5b6ed2e072a',
    ],
    'tensorflow/libtensorflow_framework.2.dylib': [
      '02df705db1584309032f886656bd64f03f81f8d4635330966a61bcbb4fac1af8',
      'e581d6db9e26f13e49327427e5d304cecbfe45d3467db7700e058857a4fd76bb',
      '34f4b7baabc727dbd85e67741df3f4ce4f07e21b7ab57b9f818a3701d99b1287',
      'b85ee779d05c7f091032ef076a1de24567a72e2af6280c078c71c95d531460fb',
    ],
  },
  'tensorflow linux-arm64': {
    'tensorflow/libtensorflow_cc.so.2': ['5f7de6ba6478ed7b83767a6e661e3e6e6931b05c64db14ba98250e52316a007c'],
    'tensorflow/libtensorflow_framework.so.2': [
      'deade33b9ab90ff468fd1d1f8f6079bec5a3a507cf2d13c3218aa8beec28aeb3',
    ],
  },
  'tensorflow linux-x64': {
    'tensorflow/libtensorflow_cc.so.2': ['2889ecc99d7641620f41a4bea538f4dd4b626f75aa3e12623161ae939054191c'],
    'tensorflow/libtensorflow_framework.so.2': [
      '98847c6f0448308159f6d3ff55e13a9e92978598c7fbb34cde63aadf35c6fe84',
    ],
  },
  'tensorflow-cpu linux-x64': {
    'tensorflow/libtensorflow_cc.so.2': ['6505a4b9657e62100c6bdacb683957a395cb047725042945aaa50e40a71e429e'],
    'tensorflow/libtensorflow_framework.so.2': [
      'f060b323b26ef80add21b9df9428de3aeaf2843d772c5bb098745f7abff3709b',
    ],
  },
};
