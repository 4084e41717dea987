// Calls kernels of the TensorFlow backend with random shapes, types and attributes, in a process of their own:
//   npm run bench:fuzz-kernels -- [CALLS] [SEED]
// Fails where a call ends the process, throws something that does not name the kernel, or leaves a tensor behind.
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { inspect } from 'node:util';

import { engine, memory, type Tensor } from '@tensorflow/tfjs-core';

import { Random } from '../src/core/random.js';
import { BACKEND_NAME } from '../src/tensorflow/backend/kernels/kernel-call.js';
import { tensorFlowBackend, useTensorFlowBackend } from '../src/tensorflow/backend/tfjs-backend.js';
import { openTensorFlow } from '../test/support/tensorflow.js';
import { declaredKernels, drawCall, type KernelCall } from './fuzz/random-kernel-calls.js';

const [first = '20000', seed = '1', role] = process.argv.slice(2);
const print = (text: string): void => void writeSync(1, `${text}\n`);

/** Whether the call returned, or what it threw. Inputs are disposed, some of them before the call. */
function outcomeOf({ kernel, inputs, attributes }: KernelCall, random: Random): unknown {
  const tensors: Tensor[] = Object.values(inputs).flat();
  if (random.integer(20) === 0) tensors[0]?.dispose();
  engine().startScope('fuzz');
  try {
    const outputs = [
      engine().runKernel<Tensor | Tensor[]>(kernel, inputs as never, attributes as never),
    ].flat();
    // Whatever comes out can be read.
    for (const output of outputs) output.dataSync();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    engine().endScope();
    for (const tensor of tensors) tensor.dispose();
  }
}

function isNamed(error: unknown, kernel: string): boolean {
  if (!(error instanceof Error)) return false;
  const isTensorFlows = /^(TensorFlow failed in \w+|out of memory): /.test(error.message);
  return isTensorFlows || String(error).includes(kernel);
}

function describe({ kernel, inputs, attributes }: KernelCall): string {
  const shapes = Object.entries(inputs).map(([name, given]) => {
    const tensors = [given].flat();
    return `${name}: ${tensors.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join(' ')}`;
  });
  return `${kernel}(${shapes.join(', ')}; ${JSON.stringify(attributes)})`;
}

/** Makes the calls from a number on, and prints what is wrong with any. */
async function makeCalls(begin: number, end: number): Promise<void> {
  await useTensorFlowBackend(await openTensorFlow());
  const kernels = declaredKernels(BACKEND_NAME);
  const { binding } = tensorFlowBackend()!;
  for (let number = begin; number < end; number++) {
    const random = new Random(Number(seed), 'kernel call', number);
    const before = { tfjs: memory().numTensors, native: binding.getNumOfTensors() };
    const call = drawCall(random, kernels);
    // The last line of a process that ended tells which call it was.
    print(`CALL ${number} ${describe(call)}`);
    const error = outcomeOf(call, random);
    if (error === undefined) print(`RETURNED ${number}`);
    else if (!isNamed(error, call.kernel))
      print(`UNNAMED ${number} ${inspect(error, { depth: 0 }).split('\n')[0]}`);
    const left = [memory().numTensors - before.tfjs, binding.getNumOfTensors() - before.native];
    if (left.some((count) => count !== 0)) print(`LEFT ${number} ${left.join(' and ')}`);
  }
}

/** Runs all calls, with a new process after each that ends one. */
function supervise(calls: number): number {
  const problems: string[] = [];
  let returned = 0;
  for (let begin = 0; begin < calls;) {
    const words = [process.argv[1]!, String(calls), seed, String(begin)];
    const { stdout, status, signal } = spawnSync(process.execPath, words, {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines = stdout.trimEnd().split('\n');
    const calledWith = lines.filter((line) => line.startsWith('CALL '));
    problems.push(
      ...lines
        .filter((line) => /^(UNNAMED|LEFT) /.test(line))
        .map((line) => `${line}\n    ${calledWith[Number(line.split(' ')[1]) - begin] ?? ''}`),
    );
    returned += lines.filter((line) => line.startsWith('RETURNED ')).length;
    const ended = status !== 0 || signal !== null;
    if (ended) problems.push(`ENDED the process (${signal ?? status}): ${calledWith.at(-1)}`);
    begin += ended ? Math.max(calledWith.length, 1) : calls;
  }
  for (const problem of problems) print(problem);
  print(`${calls} calls, ${returned} of them returned; ${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}

if (role === undefined) process.exitCode = supervise(Number(first));
else await makeCalls(Number(role), Number(first));
