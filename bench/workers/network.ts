import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** What names of our network namespaces begin with; the process that made them comes next. */
const PREFIX = 'mnist-bench-';
const NAMESPACES = '/run/netns';
/** The switch's address; hosts are .1, .2 and so on. */
const SUBNET = '10.77.0';
/** What a link may send at once before its rate holds, in seconds of it: as short as the kernel's timers allow. */
const BURST_S = 0.0005;
const LEAST_BURST_BYTES = 16_384;

/** The bytes that a link of a rate sends at once before the rate holds. */
export function burstOf(bitsPerSecond: number): number {
  return Math.max(LEAST_BURST_BYTES, Math.round((bitsPerSecond / 8) * BURST_S));
}

/**
 * Hosts that are network namespaces of this machine, on a switch (a bridge, in a namespace of its own): nothing of it can be reached from
 * outside. Links are limited to a rate in both directions. Needs root, and Debian's package iproute2.
 */
export class Network {
  /** What the namespaces' names begin with. */
  readonly name = `${PREFIX}${process.pid}`;
  /** The namespace of the switch, which is connected to all hosts. */
  readonly hub = `${this.name}-hub`;
  readonly #hosts: readonly number[];

  /** @param hosts the number of hosts */
  constructor(hosts: number) {
    removeLeftovers();
    this.#hosts = Array.from({ length: hosts }, (_, index) => index + 1);
    process.once('exit', () => {
      this.dispose();
    });
    addNamespace(this.hub);
    inNamespace(this.hub, 'link add name switch type bridge');
    inNamespace(this.hub, `addr add ${this.hubAddress}/24 dev switch`);
    inNamespace(this.hub, 'link set switch up');
    for (const host of this.#hosts) this.#addHost(host);
  }

  get hubAddress(): string {
    return `${SUBNET}.254`;
  }

  /** The addresses of the hosts, in order. */
  get addresses(): string[] {
    return this.#hosts.map((host) => `${SUBNET}.${host}`);
  }

  /** Limits every link, in both directions. */
  limit(bitsPerSecond: number): void {
    const limit = `root tbf rate ${bitsPerSecond}bit burst ${burstOf(bitsPerSecond)}b latency 50ms`;
    for (const host of this.#hosts) {
      run('tc', `-n ${this.#namespaceOf(host)} qdisc replace dev net ${limit}`);
      run('tc', `-n ${this.hub} qdisc replace dev to-${host} ${limit}`);
    }
  }

  /** Takes a host's cable out, or puts it in again. */
  connect(host: number, isConnected: boolean): void {
    inNamespace(this.hub, `link set to-${host} ${isConnected ? 'up' : 'down'}`);
    // Otherwise hosts remember for some seconds that there was no way to it.
    for (const namespace of [this.hub, ...this.#hosts.map((each) => this.#namespaceOf(each))])
      inNamespace(namespace, 'neigh flush all');
  }

  /** The processes on a host. */
  processesOn(host: number): number[] {
    return processesIn(this.#namespaceOf(host));
  }

  /** Ends all processes in the namespaces, and removes them. */
  dispose(): void {
    removeNamespaces(this.name);
  }

  #namespaceOf(host: number): string {
    return `${this.name}-${host}`;
  }

  #addHost(host: number): void {
    const namespace = this.#namespaceOf(host);
    addNamespace(namespace);
    inNamespace(this.hub, `link add to-${host} type veth peer name net netns ${namespace}`);
    inNamespace(this.hub, `link set to-${host} master switch up`);
    inNamespace(namespace, `addr add ${SUBNET}.${host}/24 dev net`);
    inNamespace(namespace, 'link set net up');
  }
}

/** Removes the namespaces of programs that were killed. */
function removeLeftovers(): void {
  const owners = namespaces().flatMap((name) => /^mnist-bench-\d+/.exec(name) ?? []);
  for (const owner of new Set(owners)) {
    if (!isAlive(Number(owner.slice(PREFIX.length)))) removeNamespaces(owner);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function removeNamespaces(owner: string): void {
  for (const name of namespaces().filter((each) => each.startsWith(`${owner}-`))) {
    for (const pid of processesIn(name)) end(pid);
    run('ip', `netns del ${name}`);
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function namespaces(): string[] {
  try {
    return readdirSync(NAMESPACES);
  } catch {
    return [];
  }
}

function processesIn(namespace: string): number[] {
  return run('ip', `netns pids ${namespace}`).split('\n').filter(Boolean).map(Number);
}

function addNamespace(name: string): void {
  run('ip', `netns add ${name}`);
  inNamespace(name, 'link set lo up');
}

function inNamespace(name: string, words: string): void {
  run('ip', `-n ${name} ${words}`);
}

function run(program: string, words: string): string {
  return execFileSync(program, words.split(' '), { encoding: 'utf8' });
}
