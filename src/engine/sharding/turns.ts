import { ToolkitError } from '../../core/errors.js';
import {
  after,
  attribute,
  type GraphBuilder,
  type NodeOutput,
} from '../../tensorflow/c-api/graph-builder.js';

/** The shards of a batch that is computed in parts, one after another. */
interface Parts {
  /** The tensor of the batch's images. */
  readonly images: number;
  readonly shards: number;
  readonly parts: number;
  /** The rows of the images of a shard, gathered once others are done. */
  readonly rows: (shard: number, order: readonly NodeOutput[]) => NodeOutput;
}

/**
 * The order of the parts of a batch. TensorFlow runs whatever has its inputs, so that all parts would be in memory at a time; here the images
 * of a part wait until the gradients of the part before are added to the sum. What needs all parts cannot be computed part by part.
 */
export class Turns {
  readonly #graph: GraphBuilder;
  readonly #parts: Parts;
  /** Whole values that are made of images, such as augmented ones. */
  readonly #fromImages = new Set<number>();
  /** Values that are computed in turns. */
  readonly #inTurns = new Set<number>();
  /** Values that need all parts, with the operation that does. */
  readonly #late = new Map<number, string>();
  readonly #ends: readonly { name: string; nodes: NodeOutput[] }[];
  #isUsed = false;

  constructor(graph: GraphBuilder, parts: Parts) {
    this.#graph = graph;
    this.#parts = parts;
    this.#fromImages.add(parts.images);
    this.#ends = Array.from({ length: parts.parts }, () => ({ name: graph.newName('NoOp'), nodes: [] }));
  }

  /** Records that an operation computes whole values. */
  addWhole(name: string, inputs: readonly number[], outputs: readonly number[]): void {
    const cause = inputs.map((id) => this.#late.get(id) ?? (this.#inTurns.has(id) ? name : undefined));
    const late = cause.find((each) => each !== undefined);
    const isOfImages = inputs.some((id) => this.#fromImages.has(id));
    for (const id of outputs) {
      if (late !== undefined) this.#late.set(id, late);
      else if (isOfImages) this.#fromImages.add(id);
    }
  }

  /** Records that an operation runs on shards. Throws USAGE where it takes what needs all parts. */
  addSharded(inputs: readonly number[], outputs: readonly number[]): void {
    const late = inputs.map((id) => this.#late.get(id)).find((each) => each !== undefined);
    if (late !== undefined) {
      throw new ToolkitError('USAGE', {
        message: `a batch cannot be computed in ${this.#parts.parts} parts: ${late} needs all of its images at once`,
        hint: 'leave out --accumulate; in the place of batch normalisation, --normalization group takes each image by itself',
      });
    }
    const isInTurns = inputs.some((id) => this.#inTurns.has(id) || this.#fromImages.has(id));
    if (isInTurns) for (const id of outputs) this.#inTurns.add(id);
  }

  /** The shards' rows of the images; undefined for other tensors. */
  rowsOf(id: number): NodeOutput[] | undefined {
    const { images, shards, rows } = this.#parts;
    if (id !== images) return undefined;
    return Array.from({ length: shards }, (_, shard) => rows(shard, this.before(id, shard)));
  }

  /** What a shard's rows of a value wait for. */
  before(id: number, shard: number): NodeOutput[] {
    const part = this.#partOf(shard);
    if (part === 0 || !this.#fromImages.has(id)) return [];
    this.#isUsed = true;
    return [`^${this.#ends[part - 1]!.name}`];
  }

  /** A part is done when it has these values. */
  finishWith(shards: readonly NodeOutput[]): void {
    shards.forEach((node, shard) => {
      this.#ends[this.#partOf(shard)]!.nodes.push(after(node));
    });
  }

  /** Adds terms part by part, so that those of one part at a time are in memory. */
  sum(terms: readonly NodeOutput[], type: number): NodeOutput {
    let sum: NodeOutput | undefined;
    for (const [part, { nodes }] of this.#ends.entries()) {
      const own = terms.filter((_, shard) => this.#partOf(shard) === part);
      const added = sum === undefined ? own : [sum, ...own];
      sum = this.#graph.node('AddN', added, [
        attribute.type('T', type),
        attribute.integer('N', added.length),
      ]);
      nodes.push(after(sum));
    }
    return sum!;
  }

  /** Adds the ends of the parts to the graph. */
  finish(): void {
    if (!this.#isUsed) return;
    // Nothing waits for the last part.
    for (const { name, nodes } of this.#ends.slice(0, -1)) this.#graph.node('NoOp', nodes, [], name);
  }

  #partOf(shard: number): number {
    const { shards, parts } = this.#parts;
    return Math.floor((shard * parts) / shards);
  }
}
