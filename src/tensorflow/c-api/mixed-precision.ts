import type { TensorFlowApi } from './c-api.js';
import { DataType } from './data-types.js';
import { attribute, GraphBuilder } from './graph-builder.js';
import { Session } from './session.js';
import type { SessionConfig } from './session-config.js';

/** Rounded to 11 bits (bfloat16 has 8, TF32 11), it changes; as a float16, it is infinite. */
const PROBE = 100_003;
/** Products smaller than a few numbers in each direction may take a path of their own. */
const SIZE = 16;

/**
 * Whether mixed precision changes what this TensorFlow computes here: a matrix product is computed with and without it. TensorFlow
 * leaves it out without a word where oneDNN is off, and where processor or GPU cannot compute with 16-bit numbers.
 */
export async function hasMixedPrecision(api: TensorFlowApi, config: SessionConfig): Promise<boolean> {
  const [mixed, float32] = [
    await probe(api, { ...config, mixedPrecision: true }),
    await probe(api, { ...config, mixedPrecision: false }),
  ];
  return mixed !== float32;
}

/** An element of the product of a matrix, of which all elements are the same, and the identity. */
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

/** Grappler leaves graphs of less than four nodes as they are. */
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
