import { processorFlags } from '../../core/processes.js';

/** The oldest glibc that TensorFlow's Linux wheels support: the version in their platform tag. */
const OLDEST_GLIBC = [2, 27] as const;

/**
 * Why TensorFlow's libraries cannot run on this machine; undefined if they can. Check it before loading them: on a processor without
 * AVX an illegal instruction would end the process.
 */
export function platformObstacle(): string | undefined {
  const platform = `${process.platform}-${process.arch}`;
  if (!['linux-x64', 'linux-arm64', 'darwin-arm64'].includes(platform)) {
    return `there is no TensorFlow library for ${platform}`;
  }
  return process.platform === 'linux' ? (libcObstacle() ?? processorObstacle()) : undefined;
}

function libcObstacle(): string | undefined {
  // The property exists in Node.js 20, but not in its types.
  const report: typeof process.report & { excludeNetwork?: boolean | undefined } = process.report;
  const { excludeNetwork } = report;
  // Otherwise the report resolves the names of all connected hosts, which can take seconds.
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  report.excludeNetwork = excludeNetwork;
  const version = header.glibcVersionRuntime;
  if (version === undefined) return 'TensorFlow needs glibc, and this system uses another C library (musl?)';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor < OLDEST_GLIBC[1]);
  return isOld
    ? `TensorFlow needs glibc ${OLDEST_GLIBC.join('.')} or newer, and this system has ${version}`
    : undefined;
}

function processorObstacle(): string | undefined {
  // An unknown processor, as without /proc, is not refused.
  const lacksAvx = process.arch === 'x64' && processorFlags()?.has('avx') === false;
  return lacksAvx ? 'TensorFlow needs a processor with AVX' : undefined;
}
