import { bytesOf, operatorNames, type LiteGraph, type LiteTensor, type OperatorName } from './graph.js';

/** Operators that TensorFlow Lite for Microcontrollers does not have. */
const NOT_ON_MICROCONTROLLERS: ReadonlySet<OperatorName> = new Set(['GELU', 'POW', 'REDUCE_PROD']);

/** Parts of operators' names that the resolver's methods spell in their own way. */
const SPELLINGS: Partial<Record<OperatorName, string>> = {
  BATCH_MATMUL: 'BatchMatMul',
  PADV2: 'PadV2',
};

/** What a program for a microcontroller needs beside TensorFlow Lite for Microcontrollers. */
export type MicroFiles = Readonly<Record<'model_data.h' | 'model_data.cc', string>>;

/** A model as a C array, with the operators that it needs and the least memory that its tensors take. */
export function microFiles(file: Uint8Array, graph: LiteGraph, title: string): MicroFiles {
  const resolver = resolverLines(graph);
  const missing = operatorNames(graph).filter((name) => NOT_ON_MICROCONTROLLERS.has(name));
  const about = [
    `// ${title.replaceAll(/[^\x20-\x7e]/g, '?')}`,
    '//',
    '// The operators that it needs:',
    `//   tflite::MicroMutableOpResolver<${resolver.length}> resolver;`,
    ...resolver.map((line) => `//   ${line}`),
    ...missing.map(
      (name) =>
        `// ${name} is not an operator of TensorFlow Lite for Microcontrollers: this model does not run there.`,
    ),
    '//',
    `// Its tensors take at least ${arenaBytes(graph)} bytes of the arena; the interpreter's own structures come on top.`,
    '// interpreter.arena_used_bytes() says what it really uses.',
  ].join('\n');
  const header = [
    about,
    '#ifndef MODEL_DATA_H_',
    '#define MODEL_DATA_H_',
    '',
    'extern const unsigned char g_model_data[];',
    'extern const unsigned int g_model_data_size;',
    '',
    '#endif  // MODEL_DATA_H_',
    '',
  ].join('\n');
  const source = [
    '#include "model_data.h"',
    '',
    '// FlatBuffers are read where they lie.',
    'alignas(16) const unsigned char g_model_data[] = {',
    ...byteLines(file),
    '};',
    `const unsigned int g_model_data_size = ${file.length};`,
    '',
  ].join('\n');
  return { 'model_data.h': header, 'model_data.cc': source };
}

/** The calls that add a model's operators to a `MicroMutableOpResolver`. */
export function resolverLines(graph: LiteGraph): string[] {
  return operatorNames(graph)
    .filter((name) => !NOT_ON_MICROCONTROLLERS.has(name))
    .map((name) => `resolver.Add${SPELLINGS[name] ?? camelCase(name)}();`);
}

/** CONV_2D becomes Conv2D. */
function camelCase(name: OperatorName): string {
  const parts = name.split('_').map((part) => `${part[0] ?? ''}${part.slice(1).toLowerCase()}`);
  return parts.join('').replace(/(\d)d/, '$1D');
}

/** Tensors begin at multiples of so many bytes. */
const ALIGNMENT = 16;

/**
 * The least memory that a graph's results take: the most that are needed at a time, each from the operator that computes it to the last
 * that takes it. No plan of memory can do with less.
 */
export function arenaBytes({ inputs, outputs, operators }: LiteGraph): number {
  const last = new Map<LiteTensor, number>();
  operators.forEach((operator, index) => {
    for (const tensor of [...operator.inputs, ...operator.outputs]) if (tensor) last.set(tensor, index);
  });
  for (const output of outputs) last.set(output, operators.length);
  // What is needed from an operator on, and no longer needed after another.
  const changes = new Float64Array(operators.length + 2);
  const hold = (tensor: LiteTensor, from: number): void => {
    const bytes = Math.ceil(bytesOf(tensor) / ALIGNMENT) * ALIGNMENT;
    changes[from]! += bytes;
    changes[last.get(tensor)! + 1]! -= bytes;
  };
  for (const input of inputs) hold(input, 0);
  operators.forEach((operator, index) => {
    for (const output of operator.outputs) hold(output, index);
  });
  let now = 0;
  return changes.reduce((most, change) => Math.max(most, (now += change)), 0);
}

function byteLines(file: Uint8Array): string[] {
  const lines: string[] = [];
  for (let start = 0; start < file.length; start += 12) {
    const bytes = [...file.subarray(start, start + 12)].map(
      (byte) => `0x${byte.toString(16).padStart(2, '0')}`,
    );
    lines.push(`  ${bytes.join(', ')},`);
  }
  return lines;
}
