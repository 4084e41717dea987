import type { TensorFlowApi } from './c-api.js';
import { DataType } from './data-types.js';
import { attribute, GraphBuilder } from './graph-builder.js';
import { Session } from './session.js';
import type { SessionConfig } from './session-config.js';

/** Not representable in a reduced format: bfloat16 (8 bits) and TF32 (11 bits) round it, float16 overflows. */
const PROBE = 100_003;
/** Large enough for the general kernels: very small products may use another path. */
const SIZE = 16;

/**
 * Whether mixed precision has an effect on this machine: compares a matrix product with and without it. TensorFlow silently ignores
 * it if oneDNN is off, or if the processor or GPU lacks 16-bit arithmetic. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY.
 */
export async function hasMixedPrecision(api: TensorFlowApi, config: SessionConfig): Promise<boolean> {
  const [mixed, float32] = [
    await probe(api, { ...config, mixedPrecision: true }),
    await probe(api, { ...config, mixedPrecision: false }),
  ];
  return mixed !== float32;
}

/** An element of the product of a constant matrix and the identity. */
async function probe(api: TensorFlowApi, config: SessionConfig): Promise<number> {
  const session = new Session(api, config);
  try {
    session.extend(productGraph());
    const shape = [SIZE, SIZE];
    const type = DataType.FLOAT;
    const identity = Float32Array.from({ length: SIZE * SIZE }, (_, at) => (at % (SIZE + 1) === 0 ? 1 : 0));
    const feeds = {
      first: { type, shape, values: new Float32Array(SIZE * SIZE).fill(PROBE) },
      second: { type, shape, values: identity },
    };
    const [product] = await session.run({ feeds, fetches: ['product'] });
    return product![0]!;
  } finally {
    session.close();
  }
}

/** Two products, because Grappler does not optimise graphs of fewer than four nodes. */
function productGraph(): Uint8Array {
  const graph = new GraphBuilder();
  const [first, second] = ['first', 'second'].map((name) =>
    graph.placeholder(name, DataType.FLOAT, [SIZE, SIZE]),
  ) as [string, string];
  const type = attribute.type('T', DataType.FLOAT);
  const transposed = [attribute.boolean('transpose_a', false), attribute.boolean('transpose_b', false)];
  const product = graph.node('MatMul', [first, second], [type, ...transposed]);
  graph.node('MatMul', [product, second], [type, ...transposed], 'product');
  return graph.finish();
}
