"""Makes Keras models with the probabilities that they give: what `mnist import` is compared with.

    python make_keras.py FOLDER [--small]

Writes FOLDER/NAME/ with the model, pixels.bin (uint8), case.json (shape, options) and probabilities.bin (float32).
With KERAS2 set, the models are those of Keras 2 (the package tf_keras).
"""
import json
import os
import sys
from pathlib import Path

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
os.environ['CUDA_VISIBLE_DEVICES'] = ''
import numpy as np

if os.environ.get('KERAS2'):
    import tf_keras as keras
else:
    import keras
layers = keras.layers

out = Path(sys.argv[1])
small = '--small' in sys.argv
IMAGES = 3 if small else 100
prefix = 'keras2' if os.environ.get('KERAS2') else 'keras3'
keras.utils.set_random_seed(7)
random = np.random.default_rng(5)


def randomize(model):
    """Statistics and biases that are not those of a new model, so that mixing them up shows."""
    model.set_weights([
        (abs(weight) * 0 + random.uniform(0.5, 1.5, weight.shape)).astype('float32')
        if 'variance' in variable.name or 'gamma' in variable.name
        else (weight + random.normal(0, 0.1, weight.shape)).astype('float32')
        for variable, weight in zip(model.weights, model.get_weights())
    ])


def write(name, model, shape, scale=1 / 255, offset=0.0, formats=('keras', 'h5'), options=None, flat=None):
    randomize(model)
    pixels = random.integers(0, 256, (IMAGES, *shape), dtype='uint8')
    x = (pixels.astype('float64') * scale + offset).astype('float32')
    if flat is not None:
        x = x.reshape((IMAGES, *flat))
    outputs = model.predict(x, verbose=0).astype('float32')
    if outputs.shape[1] == 1:
        outputs = np.concatenate([1 - outputs, outputs], 1)
    for kind in formats:
        folder = out / f'{prefix}-{name}-{kind}'
        folder.mkdir(parents=True, exist_ok=True)
        model.save(folder / f'model.{kind}')
        (folder / 'pixels.bin').write_bytes(pixels.tobytes())
        (folder / 'probabilities.bin').write_bytes(outputs.tobytes())
        case = {'file': f'model.{kind}', 'shape': shape, 'classes': outputs.shape[1], 'options': options or {}}
        (folder / 'case.json').write_text(json.dumps(case))


def size(full, little):
    return little if small else full


# Keras's example "Simple MNIST convnet".
write('convnet', keras.Sequential([
    layers.InputLayer(input_shape=(28, 28, 1)) if prefix == 'keras2' else keras.Input((28, 28, 1)),
    layers.Conv2D(size(32, 2), kernel_size=(3, 3), activation='relu'),
    layers.MaxPooling2D(pool_size=(2, 2)),
    layers.Conv2D(size(64, 3), kernel_size=(3, 3), activation='relu'),
    layers.MaxPooling2D(pool_size=(2, 2)),
    layers.Flatten(),
    layers.Dropout(0.5),
    layers.Dense(10, activation='softmax'),
]), (28, 28, 1))

# TensorFlow's quickstart for beginners: images without channels.
write('beginner', keras.Sequential([
    keras.Input((28, 28)),
    layers.Flatten(),
    layers.Dense(size(128, 4), activation='relu'),
    layers.Dropout(0.2),
    layers.Dense(10),
    layers.Softmax(),
]), (28, 28, 1), flat=(28, 28))

# A list of pixels, scaled to mean 0 and deviation 1.
write('flat', keras.Sequential([
    keras.Input((784,)),
    layers.Dense(size(64, 3), activation='tanh'),
    layers.Dense(size(32, 3), activation='elu'),
    layers.Dense(10, activation='softmax'),
]), (28, 28, 1), scale=1 / 255 / 0.3081, offset=-0.1307 / 0.3081, flat=(784,),
    options={'mean': [0.1307], 'std': [0.3081]})

# A functional model in colour that scales its own pixels, with a model in it.
# Keras 3 allows no slashes in names.
slash = 'stem/' if prefix == 'keras2' else 'stem_'
inputs = keras.Input((13, 11, 3))
x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
x = layers.ZeroPadding2D(((1, 0), (0, 2)))(x)
x = layers.Conv2D(4, (3, 2), strides=(2, 1), padding='same', use_bias=False, name=slash + 'conv')(x)
x = layers.BatchNormalization(name=slash + 'norm')(x)
x = layers.Activation('relu')(x)
y = layers.SeparableConv2D(4, 3, padding='same', activation='swish', depth_multiplier=2)(x)
y = layers.BatchNormalization(scale=False, epsilon=0.01)(y)
y = layers.SpatialDropout2D(0.2)(y)
x = layers.Add()([x, y])
z = layers.DepthwiseConv2D(3, padding='same', depth_multiplier=2, strides=2)(x)
w = layers.MaxPooling2D(3, strides=2, padding='same')(x)
v = layers.AveragePooling2D(3, strides=2, padding='same')(x)
x = layers.Concatenate()([z, w, v])
x = layers.LeakyReLU(0.1)(x)
inner = keras.Sequential([
    keras.Input((4, 7, 16)),
    layers.Conv2D(6, 1, name='pointwise'),
    layers.ReLU(max_value=6),
    layers.BatchNormalization(),
], name='inner')
x = inner(x)
gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
gate = layers.Conv2D(6, 1, activation='hard_sigmoid')(gate)
x = layers.Multiply()([x, gate])
x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
x = layers.LayerNormalization()(x)
x = layers.Dense(5, activation='gelu')(x)
outputs = layers.Dense(3, activation='softmax')(x)
write('graph', keras.Model(inputs, outputs), (13, 11, 3), scale=1.0)

# Every activation.
names = ['relu', 'relu6', 'elu', 'selu', 'tanh', 'sigmoid', 'softplus', 'softsign', 'swish', 'gelu', 'exponential', 'hard_sigmoid']
names += [] if prefix == 'keras2' else ['leaky_relu', 'hard_silu', 'mish']
inputs = keras.Input((4, 4, 1))
flat = layers.Flatten()(inputs)
parts = [layers.Dense(3, activation=name)(flat) for name in names]
outputs = layers.Dense(4, activation='softmax')(layers.Concatenate()(parts))
write('activations', keras.Model(inputs, outputs), (4, 4, 1), formats=('keras',))

# Two classes by one sigmoid.
write('binary', keras.Sequential([
    keras.Input((8, 8, 3)),
    layers.Normalization(mean=[0.4, 0.5, 0.6], variance=[0.04, 0.09, 0.01]),
    layers.Conv2D(3, 3, padding='same', activation='relu'),
    layers.GlobalAveragePooling2D(),
    layers.Dense(1, activation='sigmoid'),
]), (8, 8, 3), formats=('keras',), options={'scaling': 'zero-one'})
