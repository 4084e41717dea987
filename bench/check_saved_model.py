"""Loads an exported SavedModel with Python TensorFlow and compares it with ONNX Runtime or a checkpoint's manifest.

Usage: python bench/check_saved_model.py DEPLOYED_FOLDER PREPARED_DATA
  DEPLOYED_FOLDER  what `mnist deploy RUN --to savedmodel` wrote
  PREPARED_DATA    data/<dataset>/prepared/data.safetensors
Prints the signature and the accuracy on the test images, and fails if that is not the manifest's.
"""

import json
import pathlib
import sys

import numpy as np
import tensorflow as tf

from prepared_tensors import read_tensors


def main(folder, data):
    manifest = json.loads((pathlib.Path(folder) / "manifest.json").read_text())
    tensors = read_tensors(data)
    images, labels = tensors["test/images"], tensors["test/labels"]
    loaded = tf.saved_model.load(str(pathlib.Path(folder) / "1"))
    serving = loaded.signatures["serving_default"]
    print(serving.structured_input_signature, serving.structured_outputs)
    probabilities = serving(images=tf.constant(images))["probabilities"].numpy()
    single = serving(images=tf.constant(images[:1]))["probabilities"].numpy()
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    print(f"accuracy {accuracy} (manifest {manifest['metrics']['accuracy']}), {len(labels)} images")
    print(f"one image alone differs by {np.abs(single - probabilities[:1]).max():.2g}")
    if abs(accuracy - manifest["metrics"]["accuracy"]) > 1e-9:
        sys.exit("the accuracy differs")


if __name__ == "__main__":
    main(*sys.argv[1:])
