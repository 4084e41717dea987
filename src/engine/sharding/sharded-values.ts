import { attribute, type GraphBuilder, type NodeOutput } from '../../tensorflow/c-api/graph-builder.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import type { Shares } from './shares.js';
import type { Turns } from './turns.js';

/** A value computed in shards: rows to concatenate, or partial sums to add. */
interface Shards {
  readonly kind: 'rows' | 'terms';
  readonly parts: readonly NodeOutput[];
  readonly type: number;
}

/** The inputs of a trace. */
export interface TraceInputs {
  value(id: number): NodeOutput;
  /** The values of a constant; undefined for other tensors. */
  constant(id: number): HostTensor | undefined;
}

/** The computed values of a trace, by tensor id: whole, in shards, or both. */
export class ShardedValues {
  readonly #graph: GraphBuilder;
  readonly #constant: (tensor: HostTensor) => NodeOutput;
  readonly #traceInputs: TraceInputs;
  readonly #shares: Shares;
  readonly #turns: Turns | undefined;
  readonly #whole = new Map<number, NodeOutput>();
  readonly #shards = new Map<number, Shards>();
  readonly #slices = new Map<number, readonly NodeOutput[]>();

  /**
   * @param shares the rows of each shard
   * @param traceInputs the tensors that the trace does not compute
   * @param turns where parts of the batch are computed one after another
   */
  constructor(
    graph: GraphBuilder,
    shares: Shares,
    constant: (tensor: HostTensor) => NodeOutput,
    traceInputs: TraceInputs,
    turns?: Turns,
  ) {
    this.#graph = graph;
    this.#shares = shares;
    this.#turns = turns;
    this.#constant = constant;
    this.#traceInputs = traceInputs;
  }

  setWhole(id: number, output: NodeOutput): void {
    this.#whole.set(id, output);
  }

  setShards(id: number, shards: Shards): void {
    this.#shards.set(id, shards);
  }

  isInRows(id: number): boolean {
    return this.#shards.get(id)?.kind === 'rows';
  }

  /** The whole value; shards are joined on first use. */
  whole(id: number): NodeOutput {
    const known = this.#whole.get(id);
    if (known !== undefined) return known;
    const shards = this.#shards.get(id);
    const output = shards ? this.#join(shards) : this.#traceInputs.value(id);
    this.#whole.set(id, output);
    return output;
  }

  /** Each shard's rows of a value; a whole value is split on first use. */
  rows(id: number, shape: readonly number[], type: number): readonly NodeOutput[] {
    const shards = this.#shards.get(id);
    if (shards?.kind === 'rows') return shards.parts;
    const slices =
      this.#slices.get(id) ?? this.#turns?.rowsOf(id) ?? this.#split(id, this.whole(id), shape, type);
    this.#slices.set(id, slices);
    return slices;
  }

  /** A constant shape with the shard's number of rows as first dimension, once per shard. */
  shapeOfShard(id: number): readonly NodeOutput[] {
    const shape = this.#traceInputs.constant(id);
    if (!shape) throw new Error('cannot shard a shape that is not a constant');
    const [rows = 0, ...rest] = shape.values;
    // −1 means all rows.
    return this.#shares.sizes.map((size) => {
      const values = Int32Array.of(rows < 0 ? rows : this.#rows(rows, size), ...rest);
      return this.#constant({ ...shape, values });
    });
  }

  #join({ kind, parts, type }: Shards): NodeOutput {
    if (kind === 'terms' && this.#turns) return this.#turns.sum(parts, type);
    this.#turns?.finishWith(parts);
    const attributes = [attribute.type('T', type), attribute.integer('N', parts.length)];
    if (kind === 'terms') return this.#graph.node('AddN', parts, attributes);
    const axis = this.#constant({ type: DataType.INT32, shape: [], values: Int32Array.of(0) });
    return this.#graph.node(
      'ConcatV2',
      [...parts, axis],
      [...attributes, attribute.type('Tidx', DataType.INT32)],
    );
  }

  #split(id: number, whole: NodeOutput, [rows = 0, ...rest]: readonly number[], type: number): NodeOutput[] {
    const position = (...values: number[]): NodeOutput =>
      this.#constant({ type: DataType.INT32, shape: [values.length], values: Int32Array.from(values) });
    const { sizes, starts } = this.#shares;
    return sizes.map((size, shard) =>
      this.#graph.node(
        'Slice',
        [
          whole,
          position(this.#rows(rows, starts[shard]!), ...rest.map(() => 0)),
          position(this.#rows(rows, size), ...rest),
          ...(this.#turns?.before(id, shard) ?? []),
        ],
        [attribute.type('T', type), attribute.type('Index', DataType.INT32)],
      ),
    );
  }

  /** The rows of some images: an example may have several. */
  #rows(all: number, images: number): number {
    return (all / this.#shares.batch) * images;
  }
}
