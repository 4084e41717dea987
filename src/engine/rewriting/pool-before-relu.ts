import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import type { OperationList } from './operation-list.js';

/** max-pool(relu(x)) and its gradient, as they are recorded. */
interface PooledRelu {
  readonly relu: RecordedOperation;
  readonly pool: RecordedOperation;
  readonly poolGradient: RecordedOperation;
  readonly reluGradient: RecordedOperation;
}

/**
 * Pools before ReLU: relu(max-pool(x)) is max-pool(relu(x)), and the gradients are the same, bit by bit, but ReLU, its gradient and that of
 * a bias before it then work on as many numbers as are left after pooling. Only where there is a gradient: in a forward pass alone,
 * TensorFlow computes ReLU with the convolution.
 */
export function poolBeforeRelu(list: OperationList): RecordedOperation[] {
  const replaced = new Map<RecordedOperation, readonly RecordedOperation[]>();
  for (const operation of list.operations) {
    const found = operation.name === 'Relu' ? pooledRelu(list, operation) : undefined;
    if (found) for (const [old, news] of swapped(list, found)) replaced.set(old, news);
  }
  return list.operations.flatMap((operation) => replaced.get(operation) ?? [operation]);
}

function pooledRelu(list: OperationList, relu: RecordedOperation): PooledRelu | undefined {
  const y = relu.outputs[0]!.id;
  const users = list.onlyUsersOf(y) ?? [];
  const [pool, poolGradient, reluGradient] = ['MaxPool', 'MaxPoolGrad', 'ReluGrad'].map((name) =>
    users.find((user) => user.name === name),
  );
  if (users.length !== 3 || !pool || !poolGradient || !reluGradient || !isOnImages(pool)) return undefined;
  const isOwn = poolGradient.inputs[0] === y && poolGradient.inputs[1] === pool.outputs[0]!.id;
  const isChained = reluGradient.inputs[0] === poolGradient.outputs[0]!.id && reluGradient.inputs[1] === y;
  const isOnly = list.onlyUsersOf(poolGradient.outputs[0]!.id)?.length === 1;
  return isOwn && isChained && isOnly ? { relu, pool, poolGradient, reluGradient } : undefined;
}

function isOnImages({ attributes }: RecordedOperation): boolean {
  return attributes.every(({ name, value }) => name !== 'data_format' || value === 'NHWC');
}

function* swapped(
  list: OperationList,
  { relu, pool, poolGradient, reluGradient }: PooledRelu,
): Generator<[RecordedOperation, readonly RecordedOperation[]]> {
  const [x] = relu.inputs as [number];
  const [{ id: y, ...pooled }] = pool.outputs as [RecordedOperation['outputs'][number]];
  const [, , dy] = poolGradient.inputs as [number, number, number];
  const [dx] = reluGradient.outputs as [RecordedOperation['outputs'][number]];
  const [largest, passed] = [list.newId(), list.newId()];
  const { shape } = pooled;
  yield [relu, []];
  yield [
    pool,
    [
      { ...pool, inputs: [x], outputs: [{ ...pooled, id: largest }] },
      { ...relu, inputs: [largest], inputShapes: [shape], outputs: [{ ...pooled, id: y }] },
    ],
  ];
  yield [poolGradient, []];
  const passedOn = { ...pooled, id: passed };
  yield [
    reluGradient,
    [
      { ...reluGradient, inputs: [dy, y], inputShapes: [shape, shape], outputs: [passedOn] },
      { ...poolGradient, inputs: [x, largest, passed], outputs: [dx] },
    ],
  ];
  for (const bias of biasGradients(list, dx.id)) {
    yield [bias, [{ ...bias, inputs: [passed], inputShapes: [shape] }]];
  }
}

/** The gradients of biases: sums over all places, of which pooling hands each number to one. */
function biasGradients(list: OperationList, dx: number): RecordedOperation[] {
  return (list.onlyUsersOf(dx) ?? []).flatMap((user) => {
    if (user.name === 'BiasAddGrad') return [user];
    if (user.name !== 'Reshape' || user.inputShapes[0]!.at(-1) !== user.outputs[0]!.shape.at(-1)) return [];
    const users = list.onlyUsersOf(user.outputs[0]!.id) ?? [];
    return users.filter(({ name }) => name === 'BiasAddGrad');
  });
}
