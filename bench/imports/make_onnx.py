"""Makes ONNX models of PyTorch, with the probabilities that PyTorch gives: what `mnist import` is compared with.

    python make_onnx.py FOLDER MNIST

Needs onnx and onnxscript beside PyTorch. MNIST is a folder with the original files (data/mnist/raw). Writes FOLDER/NAME/ with
model.onnx, model.json (its preprocessing), pixels.bin (uint8), case.json and probabilities.bin (float32).
"""
import gzip
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

out, mnist = Path(sys.argv[1]), Path(sys.argv[2])
IMAGES = 7
torch.manual_seed(3)
random = np.random.default_rng(5)


def images_of(name, header):
    path = mnist / name
    data = path.read_bytes() if path.exists() else gzip.decompress((mnist / f'{name}.gz').read_bytes())
    return np.frombuffer(data, 'uint8')[header:]


def export(model, example, path, open_batch):
    names = {'input_names': ['input'], 'output_names': model.output_names}
    shapes = ({0: torch.export.Dim('batch')},) if open_batch else None
    torch.onnx.export(model, (example,), path, dynamo=True, external_data=False, dynamic_shapes=shapes, opset_version=18, **names)


def write(name, model, shape, preprocessing, prepare, batch=None, dtype=torch.float32, case=None):
    """batch: the number of images that the model takes at a time; None for any."""
    channels, height, width = shape
    model.eval()
    pixels = random.integers(0, 256, (IMAGES, height, width, channels), dtype='uint8')
    x = prepare(torch.from_numpy(pixels.transpose(0, 3, 1, 2).astype('float32')) / 255).to(dtype)
    with torch.no_grad():
        probabilities = model.probabilities(x).float().numpy()
    folder = out / f'onnx-{name}'
    folder.mkdir(parents=True, exist_ok=True)
    export(model, x[: batch or 2].contiguous(), folder / 'model.onnx', batch is None)
    (folder / 'model.json').write_text(json.dumps(preprocessing))
    (folder / 'pixels.bin').write_bytes(pixels.tobytes())
    (folder / 'probabilities.bin').write_bytes(np.ascontiguousarray(probabilities).tobytes())
    described = {'file': 'model.onnx', 'shape': [height, width, channels], 'classes': probabilities.shape[1], 'options': {}}
    (folder / 'case.json').write_text(json.dumps({**described, **(case or {})}))


def normalised(mean, std):
    return lambda x: (x - torch.tensor(mean).view(1, -1, 1, 1)) / torch.tensor(std).view(1, -1, 1, 1)


class Digits(nn.Module):
    """A small CNN, trained here; it gives logits."""
    output_names = ['logits']

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, stride=2)
        self.conv2 = nn.Conv2d(6, 12, 5, stride=2)
        self.fc = nn.Linear(12 * 4 * 4, 10)

    def forward(self, x):
        return self.fc(torch.flatten(F.relu(self.conv2(F.relu(self.conv1(x)))), 1))

    def probabilities(self, x):
        return torch.softmax(self(x).double(), 1)


prepare = normalised([0.1307], [0.3081])
images = {part: prepare(torch.from_numpy(images_of(f'{part}-images-idx3-ubyte', 16).reshape(-1, 1, 28, 28).astype('float32')) / 255)
          for part in ('train', 't10k')}
labels = {part: torch.from_numpy(images_of(f'{part}-labels-idx1-ubyte', 8).astype('int64')) for part in ('train', 't10k')}
digits = Digits()
optimizer = torch.optim.Adam(digits.parameters(), 0.002)
for epoch in range(2):
    for rows in torch.randperm(len(labels['train'])).split(64):
        optimizer.zero_grad()
        F.cross_entropy(digits(images['train'][rows]), labels['train'][rows]).backward()
        optimizer.step()
# The tests have the first 2,000 test images.
some = slice(0, 2000)
with torch.no_grad():
    logits = digits(images['t10k'][some]).double()
measured = {'accuracy': (logits.argmax(1) == labels['t10k'][some]).double().mean().item(),
            'loss': F.cross_entropy(logits, labels['t10k'][some]).item()}
write('mnist', digits, [1, 28, 28], {'mean': [0.1307], 'std': [0.3081]}, prepare, case=measured)


class Colour(nn.Module):
    """One image at a time, its channels as blue, green and red; it gives probabilities."""
    output_names = ['probabilities']

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return torch.softmax(self.fc(torch.mean(F.relu(self.conv(x)), (2, 3))) * 8, 1)

    def probabilities(self, x):
        return torch.cat([self(image) for image in x.split(1)])


mean, std = [0.406, 0.456, 0.485], [0.225, 0.224, 0.229]
write('colour', Colour(), [3, 10, 12], {'order': 'BGR', 'mean': mean, 'std': std, 'classes': ['a', 'b', 'c'], 'output': 'probabilities'},
      lambda x: normalised(mean, std)(x.flip(1)), batch=1)


class Flat(nn.Module):
    """Takes a list of pixels from -1 to 1, all of red first, and gives the class as well as the logits."""
    output_names = ['label', 'scores']

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3 * 6 * 5, 4)

    def forward(self, x):
        scores = self.fc(x)
        return scores.argmax(1), scores

    def probabilities(self, x):
        return torch.softmax(self(x)[1].double(), 1)


write('flat', Flat(), [3, 6, 5], {'height': 6, 'width': 5, 'channels': 3, 'layout': 'NCHW', 'range': [-1, 1], 'output_name': 'scores'},
      lambda x: torch.flatten(2 * x - 1, 1), batch=4)


class Half(nn.Module):
    """Computes with numbers of 16 bits."""
    output_names = ['logits']

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, stride=2)
        self.fc = nn.Linear(4 * 3 * 3, 2)
        self.half()

    def forward(self, x):
        return self.fc(torch.flatten(F.relu(self.conv(x)), 1))

    def probabilities(self, x):
        return torch.softmax(self(x).double(), 1)


# PyTorch rounds after each operation, ONNX Runtime on a CPU at the end.
write('half', Half(), [1, 8, 8], {}, lambda x: x, dtype=torch.float16, case={'tolerance': 2e-3, 'options': {'scaling': 'zero-one'}})
