"""The machine's limit: floating-point operations a second of a large product of float32 matrices, in one framework."""

import argparse
import time

from protocol import emit

SIZE = 2048
REPEATS = 12

parser = argparse.ArgumentParser()
parser.add_argument("framework", choices=["pytorch", "tensorflow"])
parser.add_argument("--threads", type=int, required=True)
options = parser.parse_args()

if options.framework == "pytorch":
    import torch

    torch.set_num_threads(options.threads)
    left, right = torch.rand(SIZE, SIZE), torch.rand(SIZE, SIZE)

    def multiply():
        return torch.mm(left, right)

else:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    left, right = tf.random.uniform([SIZE, SIZE]), tf.random.uniform([SIZE, SIZE])

    def multiply():
        return tf.matmul(left, right).numpy()


best = float("inf")
for _ in range(REPEATS):
    started = time.perf_counter()
    multiply()
    best = min(best, time.perf_counter() - started)
emit("rate", flopsPerSecond=2 * SIZE**3 / best)
