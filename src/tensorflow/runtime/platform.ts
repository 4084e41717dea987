import { readFileSync } from 'node:fs';

/** The oldest GNU C library that TensorFlow's Linux wheels run with: the number in their platform tag. */
const OLDEST_GLIBC = [2, 27] as const;

/**
 * Why TensorFlow's libraries cannot run on this machine, or undefined where nothing speaks against it. To be asked before
 * they are loaded: on a processor without AVX they end the process with an illegal instruction.
 */
export function platformObstacle(): string | undefined {
  const platform = `${process.platform}-${process.arch}`;
  if (!['linux-x64', 'linux-arm64', 'darwin-arm64'].includes(platform)) {
    return `there is no TensorFlow library for ${platform}`;
  }
  return process.platform === 'linux' ? (libcObstacle() ?? processorObstacle()) : undefined;
}

function libcObstacle(): string | undefined {
  // Node 20 has the property, but its types do not.
  const report: typeof process.report & { excludeNetwork?: boolean | undefined } = process.report;
  const { excludeNetwork } = report;
  // Otherwise a report looks up the names of all connected hosts, which can take seconds.
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  report.excludeNetwork = excludeNetwork;
  const version = header.glibcVersionRuntime;
  if (version === undefined) return 'TensorFlow needs the GNU C library, and this system has another (musl?)';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor < OLDEST_GLIBC[1]);
  return isOld
    ? `TensorFlow needs the GNU C library ${OLDEST_GLIBC.join('.')}, and this is ${version}`
    : undefined;
}

function processorObstacle(): string | undefined {
  if (process.arch !== 'x64') return undefined;
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    const lacksAvx = flags !== undefined && !/\bavx\b/.test(flags);
    return lacksAvx ? 'TensorFlow needs a processor with AVX, and this one has none' : undefined;
  } catch {
    // Without /proc nothing is known, and nothing is forbidden.
    return undefined;
  }
}
