"""Makes an ONNX model of Keras, with the probabilities that Keras gives: what `mnist import` is compared with.

    python make_onnx_keras.py FOLDER

Needs tf2onnx and onnx beside Keras 3 and TensorFlow. Writes FOLDER/onnx-keras/ as make_onnx.py does: two classes and one sigmoid.
"""
import json
import sys
from pathlib import Path

import keras
import numpy as np

folder = Path(sys.argv[1]) / 'onnx-keras'
folder.mkdir(parents=True, exist_ok=True)
keras.utils.set_random_seed(3)
model = keras.Sequential([
    keras.Input((9, 11, 3)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.SeparableConv2D(4, 3, strides=2, activation='silu'),
    keras.layers.GlobalMaxPooling2D(),
    keras.layers.Dense(1, activation='sigmoid', kernel_initializer='he_normal'),
])
pixels = np.random.default_rng(5).integers(0, 256, (7, 9, 11, 3), dtype='uint8')
found = model.predict(pixels.astype('float32'), verbose=0)
model.export(str(folder / 'model.onnx'), format='onnx', verbose=False)
(folder / 'model.json').write_text(json.dumps({'range': [0, 255], 'classes': ['bad', 'good'], 'output': 'probabilities'}))
(folder / 'pixels.bin').write_bytes(pixels.tobytes())
(folder / 'probabilities.bin').write_bytes(np.concatenate([1 - found, found], 1).astype('float32').tobytes())
(folder / 'case.json').write_text(json.dumps({'file': 'model.onnx', 'shape': [9, 11, 3], 'classes': 2, 'options': {}}))
