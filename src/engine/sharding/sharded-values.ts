import { attribute, type GraphBuilder, type NodeOutput } from '../../tensorflow/c-api/graph-builder.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';

/** A value that was computed in shards: rows to be laid one after another, or terms to be added. */
interface Shards {
  readonly kind: 'rows' | 'terms';
  readonly parts: readonly NodeOutput[];
  readonly type: number;
}

/** The tensors of a trace that come from outside it. */
interface Outside {
  value(id: number): NodeOutput;
  /** The numbers of a tensor that is a constant. */
  constant(id: number): HostTensor | undefined;
}

/** What has been computed of a trace, by the numbers of its tensors: whole, in shards, or both. */
export class ShardedValues {
  readonly #graph: GraphBuilder;
  readonly #constant: (tensor: HostTensor) => NodeOutput;
  readonly #outside: Outside;
  readonly #count: number;
  readonly #whole = new Map<number, NodeOutput>();
  readonly #shards = new Map<number, Shards>();
  readonly #slices = new Map<number, readonly NodeOutput[]>();

  /**
   * @param count into how many shards a batch is cut
   * @param outside what the trace did not compute
   */
  constructor(
    graph: GraphBuilder,
    count: number,
    constant: (tensor: HostTensor) => NodeOutput,
    outside: Outside,
  ) {
    this.#graph = graph;
    this.#count = count;
    this.#constant = constant;
    this.#outside = outside;
  }

  setWhole(id: number, output: NodeOutput): void {
    this.#whole.set(id, output);
  }

  setShards(id: number, shards: Shards): void {
    this.#shards.set(id, shards);
  }

  comesInRows(id: number): boolean {
    return this.#shards.get(id)?.kind === 'rows';
  }

  /** A value in one piece; shards are joined when it is first asked for. */
  whole(id: number): NodeOutput {
    const known = this.#whole.get(id);
    if (known !== undefined) return known;
    const shards = this.#shards.get(id);
    const output = shards ? this.#join(shards) : this.#outside.value(id);
    this.#whole.set(id, output);
    return output;
  }

  /** A value's rows, cut into as many pieces as there are shards; a whole value is cut when it is first asked for. */
  rows(id: number, shape: readonly number[], type: number): readonly NodeOutput[] {
    const shards = this.#shards.get(id);
    if (shards?.kind === 'rows') return shards.parts;
    const slices = this.#slices.get(id) ?? this.#cut(this.whole(id), shape, type);
    this.#slices.set(id, slices);
    return slices;
  }

  /** A constant shape with the batch in front, as it is for a shard: the same one for each. */
  shapeOfShard(id: number): readonly NodeOutput[] {
    const shape = this.#outside.constant(id);
    if (!shape) throw new Error('a shape that is computed cannot be cut');
    const [rows = 0, ...rest] = shape.values;
    // −1 stands for as many rows as there are.
    const values = Int32Array.of(rows < 0 ? rows : rows / this.#count, ...rest);
    return new Array<NodeOutput>(this.#count).fill(this.#constant({ ...shape, values }));
  }

  #join({ kind, parts, type }: Shards): NodeOutput {
    const attributes = [attribute.type('T', type), attribute.integer('N', parts.length)];
    if (kind === 'terms') return this.#graph.node('AddN', parts, attributes);
    const axis = this.#constant({ type: DataType.INT32, shape: [], values: Int32Array.of(0) });
    return this.#graph.node(
      'ConcatV2',
      [...parts, axis],
      [...attributes, attribute.type('Tidx', DataType.INT32)],
    );
  }

  #cut(whole: NodeOutput, [rows = 0, ...rest]: readonly number[], type: number): NodeOutput[] {
    const size = rows / this.#count;
    const position = (...values: number[]): NodeOutput =>
      this.#constant({ type: DataType.INT32, shape: [values.length], values: Int32Array.from(values) });
    return Array.from({ length: this.#count }, (_, shard) =>
      this.#graph.node(
        'Slice',
        [whole, position(shard * size, ...rest.map(() => 0)), position(size, ...rest)],
        [attribute.type('T', type), attribute.type('Index', DataType.INT32)],
      ),
    );
  }
}
