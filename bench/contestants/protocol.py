"""What the peers written in Python share: their arguments, their data, and the lines that they print."""

import argparse
import json
import os
import resource
import statistics
import time

import numpy as np

BATCH = 100
TEST_BATCH = 1000
INFERENCE_REPEATS = 3
LATENCY_WARM_UPS = 20
LATENCY_SAMPLES = 200
LEARNING_RATES = {"sgd": 0.01, "adam": 0.001}


def arguments(**flags):
    """The command line of a contestant; `flags` are switches of its own, with what they mean."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=["mlp", "cnn"], required=True)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--steps", type=int, default=600, help="batches of an epoch")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--raw", required=True, help="folder of the IDX files")
    for name, meaning in flags.items():
        parser.add_argument("--" + name.replace("_", "-"), action="store_true", help=meaning)
    return parser.parse_args()


def emit(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def read_idx(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        content = file.read()
    rank = content[3]
    shape = [int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(rank)]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_split(folder, split):
    """Images as float32 from -1 to 1, and labels."""
    images = read_idx(folder, f"{split}-images-idx3-ubyte").astype(np.float32) / 127.5 - 1
    return images, read_idx(folder, f"{split}-labels-idx1-ubyte")


def train(options, train_epoch, test):
    """Runs the epochs: `train_epoch(epoch)` returns the mean loss, `test()` the accuracy on the test images."""
    for epoch in range(1, options.epochs + 1):
        started = time.perf_counter()
        loss = train_epoch(epoch)
        trained = time.perf_counter()
        accuracy = test()
        emit(
            "epoch",
            epoch=epoch,
            seconds=trained - started,
            testSeconds=time.perf_counter() - trained,
            loss=loss,
            accuracy=accuracy,
        )
    # In KiB, on Linux.
    emit("memory", peakBytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def infer(test, classify_one):
    """`test()` classifies the 10,000 test images; `classify_one(index)` one of them, and waits for the result."""
    emit("inference", seconds=statistics.median(seconds_of(test) for _ in range(INFERENCE_REPEATS)))
    for index in range(LATENCY_WARM_UPS):
        classify_one(index)
    samples = [seconds_of(lambda index=index: classify_one(index)) for index in range(LATENCY_SAMPLES)]
    emit("latency", seconds=statistics.median(samples), samples=LATENCY_SAMPLES)


def seconds_of(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
