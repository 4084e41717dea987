import { ToolkitError } from '../../core/errors.js';
import { elementCount } from '../../core/images.js';
import { attribute, type GraphBuilder, type NodeOutput } from '../../tensorflow/c-api/graph-builder.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { ELEMENT_BYTES } from '../../tensorflow/c-api/tensors.js';
import type { Sharding } from '../sharding/sharded-operation.js';
import type { Trace } from '../tracing/trace.js';
import { ANYTIME, type Located, type ShareContext } from './located.js';
import type { Carried, Phase, RowExchange } from './phases.js';
import type { Shares } from '../sharding/shares.js';

interface TypeAndShape {
  readonly type: number;
  readonly shape: readonly number[];
}

/** TensorFlow takes a part of a vector without copying it where it begins at such a multiple, in floats. */
const ALIGNMENT = 16;

/** The values of a step on one worker, by tensor id: whole, or its own rows or terms of them. */
export class ShareValues {
  readonly #graph: GraphBuilder;
  readonly #trace: Trace;
  readonly #context: ShareContext;
  readonly #shares: Shares;
  readonly #rank: number;
  readonly #types: ReadonlyMap<number, TypeAndShape>;
  readonly #whole = new Map<number, Located>();
  /** This worker's rows of whole values. */
  readonly #slices = new Map<number, Located>();
  readonly #own = new Map<number, Located & { readonly kind: Sharding }>();
  readonly #exchanges: { sums: { id: number; node: NodeOutput; start: number }[]; rows: RowExchange[] }[] =
    [];
  readonly #carried = new Map<string, Carried & { readonly to: number }>();

  constructor(graph: GraphBuilder, trace: Trace, context: ShareContext, shares: Shares, rank: number) {
    this.#graph = graph;
    this.#trace = trace;
    this.#context = context;
    this.#shares = shares;
    this.#rank = rank;
    this.#types = typesIn(trace);
    trace.parameters.forEach((id, index) => {
      const { whole, own } = context.parameters[index]!;
      this.#whole.set(id, whole);
      if (own) this.#slices.set(id, own);
    });
  }

  setWhole(id: number, located: Located): void {
    this.#whole.set(id, located);
  }

  setOwn(id: number, kind: Sharding, located: Located): void {
    this.#own.set(id, { kind, ...located });
  }

  isInRows(id: number): boolean {
    return this.#own.get(id)?.kind === 'rows';
  }

  /** The whole value; what the workers have of it is exchanged on first use. */
  whole(id: number): Located {
    const known = this.#whole.get(id);
    if (known) return known;
    const own = this.#own.get(id);
    const located = own ? this.#exchange(id, own) : this.#external(id);
    this.#whole.set(id, located);
    return located;
  }

  /** This worker's rows of a value; a whole value is split on first use. */
  own(id: number): Located {
    const own = this.#own.get(id);
    if (own?.kind === 'rows') return own;
    const known = this.#slices.get(id);
    if (known) return known;
    const whole = this.whole(id);
    const located = { phase: whole.phase, node: this.#sliceOf(id, whole) };
    this.#slices.set(id, located);
    return located;
  }

  /** The node of a value in a phase; what an earlier phase has computed is carried over. */
  at(id: number, located: Located, phase: number, part: 'whole' | 'own' = 'whole'): NodeOutput {
    const { phase: from, isFed = false } = located;
    if (from === phase || from === ANYTIME || isFed) return located.node(phase);
    const fetch = located.node(from);
    const key = `${fetch} in ${phase}`;
    const known = this.#carried.get(key);
    if (known) return `${known.feed}:0`;
    const { type, shape } = this.#typeOf(id);
    const feed = `${this.#name()}_carried_${this.#carried.size}`;
    const rows = part === 'own' ? [this.#ownRows(shape), ...shape.slice(1)] : shape;
    this.#carried.set(key, { feed, fetch, from, to: phase });
    return this.#graph.placeholder(feed, type, rows);
  }

  /** A constant shape with this worker's number of rows as first dimension. */
  shapeOfShare(id: number): NodeOutput {
    const shape = this.#trace.constants.get(id);
    if (!shape) throw new Error('cannot share a shape that is not a constant');
    const [rows = 0, ...rest] = shape.values;
    // −1 means all rows.
    const own = rows < 0 ? rows : this.#ownRows([rows]);
    return this.#context.constant({ ...shape, values: Int32Array.of(own, ...rest) });
  }

  /** The last phase: that of the updates. */
  lastPhase(): number {
    const phases = [...this.#whole.values(), ...this.#own.values()].map(({ phase }) => phase);
    return Math.max(0, this.#exchanges.length, ...phases);
  }

  /** The phases, once everything is in the graph. */
  finish(last: number): Phase[] {
    return Array.from({ length: last + 1 }, (_, phase) => ({
      carried: [...this.#carried.values()].filter(({ to }) => to === phase),
      sums: this.#sumsOf(phase),
      rows: this.#exchanges[phase]?.rows ?? [],
    }));
  }

  #exchange(id: number, { kind, phase, node }: Located & { kind: Sharding }): Located {
    for (let each = this.#exchanges.length; each <= phase; each++)
      this.#exchanges.push({ sums: [], rows: [] });
    const { sums, rows } = this.#exchanges[phase]!;
    const { type, shape } = this.#typeOf(id);
    const next = phase + 1;
    if (kind === 'rows') {
      const feed = `${this.#name()}_rows_${phase}_${rows.length}`;
      const bytesPerImage = (bytesOf(type) * elementCount(shape)) / this.#shares.batch;
      rows.push({ fetch: node(phase), feed, type, shape, bytesPerImage });
      const whole = this.#graph.placeholder(feed, type, shape);
      return { phase: next, isFed: true, node: () => whole };
    }
    const before = sums.at(-1);
    const start = before ? aligned(before.start + elementCount(this.#typeOf(before.id).shape)) : 0;
    sums.push({ id, node: node(phase), start });
    const sum = this.#sliceOfSums(phase, start, shape);
    return { phase: next, isFed: true, node: () => sum };
  }

  /** A sum, as a part of the vector of all sums. */
  #sliceOfSums(phase: number, start: number, shape: readonly number[]): NodeOutput {
    const graph = this.#graph;
    const count = elementCount(shape);
    const vector = `${this.#name()}_sums_${phase}:0`;
    const type = [attribute.type('T', DataType.FLOAT)];
    const part = graph.node(
      'Slice',
      [vector, graph.integer([start]), graph.integer([count])],
      [...type, attribute.type('Index', DataType.INT32)],
    );
    return graph.node(
      'Reshape',
      [part, graph.integer(shape)],
      [...type, attribute.type('Tshape', DataType.INT32)],
    );
  }

  #sumsOf(phase: number): Phase['sums'] {
    const graph = this.#graph;
    const { sums = [] } = this.#exchanges[phase] ?? {};
    if (sums.length === 0) return undefined;
    const type = attribute.type('T', DataType.FLOAT);
    const flat = graph.integer([-1]);
    const parts: NodeOutput[] = [];
    let end = 0;
    for (const { id, node, start } of sums) {
      if (start > end) parts.push(this.#zeros(start - end));
      parts.push(graph.node('Reshape', [node, flat], [type, attribute.type('Tshape', DataType.INT32)]));
      end = start + elementCount(this.#typeOf(id).shape);
    }
    const feed = `${this.#name()}_sums_${phase}`;
    graph.placeholder(feed, DataType.FLOAT, [end]);
    const fetch =
      parts.length === 1
        ? parts[0]!
        : graph.node(
            'ConcatV2',
            [...parts, graph.integer(0)],
            [type, attribute.integer('N', parts.length), attribute.type('Tidx', DataType.INT32)],
          );
    return { fetch, feed, floats: end };
  }

  #zeros(count: number): NodeOutput {
    return this.#context.constant({ type: DataType.FLOAT, shape: [count], values: new Float32Array(count) });
  }

  #external(id: number): Located {
    if (this.#trace.variables.has(id)) {
      const reads = new Map<number, NodeOutput>();
      const read = (phase: number): NodeOutput => {
        const node = reads.get(phase) ?? this.#context.read(id);
        reads.set(phase, node);
        return node;
      };
      return { phase: ANYTIME, node: read };
    }
    const constant = this.#trace.constants.get(id);
    if (!constant) throw new Error(`tensor ${id} is neither computed in the trace nor one of its inputs`);
    const node = this.#context.constant(constant);
    return { phase: ANYTIME, node: () => node };
  }

  #sliceOf(id: number, whole: Located): Located['node'] {
    const { type, shape } = this.#typeOf(id);
    const [rows = 0, ...rest] = shape;
    const perImage = rows / this.#shares.batch;
    const begin = this.#graph.integer([this.#shares.starts[this.#rank]! * perImage, ...rest.map(() => 0)]);
    const size = this.#graph.integer([this.#ownRows(shape), ...rest]);
    const attributes = [attribute.type('T', type), attribute.type('Index', DataType.INT32)];
    const slices = new Map<NodeOutput, NodeOutput>();
    return (phase) => {
      const of = whole.node(phase);
      const slice = slices.get(of) ?? this.#graph.node('Slice', [of, begin, size], attributes);
      slices.set(of, slice);
      return slice;
    };
  }

  #ownRows([rows = 0]: readonly number[]): number {
    return (rows / this.#shares.batch) * this.#shares.sizes[this.#rank]!;
  }

  #typeOf(id: number): TypeAndShape {
    const found = this.#types.get(id);
    if (!found) throw new Error(`nothing is known of tensor ${id}`);
    return found;
  }

  /** Unique among the graphs of a session. */
  #name(): string {
    return `share_${this.#shares.batch}`;
  }
}

function aligned(floats: number): number {
  return Math.ceil(floats / ALIGNMENT) * ALIGNMENT;
}

function bytesOf(type: number): number {
  const bytes = ELEMENT_BYTES[type];
  if (bytes !== undefined) return bytes;
  throw new ToolkitError('STEP_NOT_TRACEABLE', {
    operation: 'a value',
    reason: `of type ${type} cannot be exchanged between workers`,
  });
}

function typesIn({ operations }: Trace): ReadonlyMap<number, TypeAndShape> {
  const types = new Map<number, TypeAndShape>();
  for (const { inputs, inputTypes, inputShapes, outputs } of operations) {
    inputs.forEach((id, at) => types.set(id, { type: inputTypes[at]!, shape: inputShapes[at]! }));
    for (const { id, dtype, shape } of outputs) types.set(id, { type: dtype, shape });
  }
  return types;
}
