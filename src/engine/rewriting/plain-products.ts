import { attribute } from '../../tensorflow/c-api/graph-builder.js';
import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import type { OperationList } from './operation-list.js';

/**
 * Multiplies matrices as such: tfjs's fused product makes each a batch of one, `[1, rows, columns]`, which cannot be cut by its rows, and
 * which TensorFlow does not fuse with a bias.
 */
export function plainProducts(list: OperationList): RecordedOperation[] {
  const shapes = new Map<number, readonly number[]>();
  const operations = list.operations.map((operation) => {
    const product = plainProduct(list, operation);
    for (const { id, shape } of product?.outputs ?? []) shapes.set(id, shape);
    return product ?? operation;
  });
  return operations.map((operation) => ({
    ...operation,
    inputShapes: operation.inputShapes.map((shape, index) => shapes.get(operation.inputs[index]!) ?? shape),
  }));
}

function plainProduct(list: OperationList, operation: RecordedOperation): RecordedOperation | undefined {
  const { name, inputs, outputs, attributes } = operation;
  const [product] = outputs;
  if (name !== 'BatchMatMulV2' || product?.shape.length !== 3) return undefined;
  const [a, b] = inputs.map((id) => matrixOf(list, id));
  const isReshaped = list.onlyUsersOf(product.id)?.every((user) => user.name === 'Reshape') ?? false;
  if (!a || !b || !isReshaped) return undefined;
  const isSet = (adjoint: string): boolean =>
    attributes.some((given) => given.name === adjoint && given.value === true);
  return {
    ...operation,
    name: 'MatMul',
    attributes: [
      ...attributes.filter((given) => given.name === 'T'),
      attribute.boolean('transpose_a', isSet('adj_x')),
      attribute.boolean('transpose_b', isSet('adj_y')),
    ],
    inputs: [a.id, b.id],
    inputShapes: [a.shape, b.shape],
    outputs: [{ ...product, shape: product.shape.slice(1) }],
  };
}

/** The matrix of which a tensor is a batch of one. */
function matrixOf(list: OperationList, id: number): { id: number; shape: readonly number[] } | undefined {
  const maker = list.makerOf(id);
  const [shape] = maker?.inputShapes ?? [];
  if (maker?.name !== 'Reshape' || shape?.length !== 2) return undefined;
  const [batch, ...rest] = maker.outputs[0]!.shape;
  const isSame = batch === 1 && rest.length === 2 && rest.every((length, axis) => length === shape[axis]);
  return isSame ? { id: maker.inputs[0]!, shape } : undefined;
}
