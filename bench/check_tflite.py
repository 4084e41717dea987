"""Runs the TFLite models of a deployed folder in Python's interpreter, and compares each with the manifest.

Usage: python bench/check_tflite.py DEPLOYED_FOLDER PREPARED_DATA   (pip install ai-edge-litert numpy)
  DEPLOYED_FOLDER  what `mnist deploy RUN --to tflite` wrote
  PREPARED_DATA    data/<dataset>/prepared/data.safetensors
Prints for each model its operators and its accuracy on the images that `deploy` compared, by the reference kernels and by the optimised
ones, and fails where the optimised accuracy is not the manifest's within two images. Checks that the C array is the int8 model.
"""

import json
import pathlib
import re
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from prepared_tensors import read_tensors


def classify(path, images, resolver):
    """The probabilities of images, one at a time, and the names of the model's operators."""
    interpreter = Interpreter(str(path), experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    run = interpreter.get_signature_runner("serving_default")
    (source,) = interpreter.get_input_details()
    shift = 128 if source["dtype"] == np.int8 else 0
    details = run.get_output_details()["probabilities"]
    scale, zero_point = details["quantization"]
    rows = []
    for image in images:
        pixels = (image.astype(np.int16) - shift).astype(source["dtype"]).reshape(source["shape"])
        row = run(images=pixels)["probabilities"][0]
        rows.append((row.astype(np.float32) - zero_point) * scale if scale else row)
    names = [op["op_name"] for op in interpreter._get_ops_details() if op["op_name"] != "DELEGATE"]
    return np.array(rows), {name: names.count(name) for name in sorted(set(names))}


def check_array(folder):
    """Fails unless the C array holds the bytes of the int8 model."""
    source = (folder / "micro" / "model_data.cc").read_text()
    array = bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", source))
    if array != (folder / "model-int8.tflite").read_bytes():
        sys.exit("the C array is not the int8 model")


def main(folder, data):
    folder = pathlib.Path(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    tensors = read_tensors(data)
    failures = []
    for variant in manifest["variants"]:
        count = variant["images"]
        images, labels = tensors["test/images"][:count], tensors["test/labels"][:count]
        for resolver in (OpResolverType.BUILTIN, OpResolverType.BUILTIN_REF):
            probabilities, operators = classify(folder / variant["path"], images, resolver)
            accuracy = float((probabilities.argmax(axis=1) == labels.ravel()).mean())
            print(f"{variant['name']} {resolver.name}: accuracy {accuracy:.4f} (manifest {variant['accuracy']:.4f}), {count} images")
            if resolver == OpResolverType.BUILTIN and abs(accuracy - variant["accuracy"]) * count > 2.5:
                failures.append(variant["name"])
        print(f"  {operators}")
    if (folder / "micro").exists():
        check_array(folder)
    if failures:
        sys.exit(f"the accuracy of {', '.join(failures)} differs")


if __name__ == "__main__":
    main(*sys.argv[1:])
