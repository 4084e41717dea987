"""Keras's `fit` on the small CNN of bench/layers: JSON lines with the seconds of each epoch."""

import argparse
import json
import os
import time

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True, help="folder of MNIST's IDX files")
parser.add_argument("--images", type=int, required=True)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--eager", action="store_true", help="run_eagerly")
options = parser.parse_args()

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras  # noqa: E402
import numpy as np  # noqa: E402


def read(name, header):
    with open(os.path.join(options.data, name), "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


images = (read("train-images-idx3-ubyte", 16).reshape(-1, 28, 28, 1)[: options.images] / 255).astype(np.float32)
labels = keras.utils.to_categorical(read("train-labels-idx1-ubyte", 8)[: options.images], 10)
model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(8, 5, activation="relu"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Conv2D(16, 5, activation="relu"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"], run_eagerly=options.eager
)


class Clock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()
        self.computed = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.started
        cores = time.process_time() - self.computed
        line = {"epoch": epoch, "seconds": seconds, "coreSeconds": cores, "loss": float(logs["loss"])}
        print(json.dumps(line), flush=True)


model.fit(images, labels, batch_size=options.batch, epochs=options.epochs, verbose=0, callbacks=[Clock()])
