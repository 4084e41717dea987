"""Makes PyTorch models with the probabilities that they give: what `mnist import` is compared with.

    python make_torch.py FOLDER [--small]

Writes FOLDER/NAME/ with model.safetensors, model.json, pixels.bin (uint8), case.json and probabilities.bin (float32).
"""
import json
import struct
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

out = Path(sys.argv[1])
small = '--small' in sys.argv
IMAGES = 3 if small else 100
torch.manual_seed(3)
random = np.random.default_rng(5)


def save_file(tensors, path):
    """safetensors.torch.save_file, so that the package is not needed."""
    header, parts, offset = {}, [], 0
    kinds = {torch.float32: 'F32', torch.float16: 'F16', torch.int64: 'I64'}
    for name, tensor in tensors.items():
        data = tensor.contiguous().numpy().tobytes()
        header[name] = {'dtype': kinds[tensor.dtype], 'shape': list(tensor.shape), 'data_offsets': [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(parts))


def describe(sequential):
    """The layers of an nn.Sequential: the script in docs/import.md."""
    layers = []
    for name, module in sequential.named_modules():
        if list(module.children()):
            continue
        options = {key: value for key, value in vars(module).items()
                   if isinstance(value, (int, float, str, bool, list, tuple)) and not key.startswith("_") and key != "training"}
        if hasattr(module, "weight"):
            options["bias"] = module.bias is not None
        layers.append({"type": type(module).__name__, "name": name, **options})
    return layers


def size(full, little):
    return little if small else full


def write(name, model, shape, layers, mean=None, std=None, classes=10, half=False):
    channels, height, width = shape
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    state = model.state_dict()
    if half:
        state = {key: value.half() for key, value in state.items()}
        model.load_state_dict({key: value.float() for key, value in state.items()})
    model.eval()
    pixels = random.integers(0, 256, (IMAGES, height, width, channels), dtype='uint8')
    x = torch.from_numpy(pixels.transpose(0, 3, 1, 2).astype('float32') / 255)
    if mean:
        x = (x - torch.tensor(mean).view(1, -1, 1, 1)) / torch.tensor(std).view(1, -1, 1, 1)
    with torch.no_grad():
        outputs = torch.softmax(model(x).double(), 1).float().numpy()
    folder = out / f'torch-{name}'
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / 'model.safetensors')
    description = {'input_shape': shape, 'layers': layers}
    if mean:
        description.update(mean=mean, std=std)
    (folder / 'model.json').write_text(json.dumps(description))
    (folder / 'pixels.bin').write_bytes(pixels.tobytes())
    (folder / 'probabilities.bin').write_bytes(outputs.tobytes())
    (folder / 'case.json').write_text(json.dumps({'file': 'model.safetensors', 'shape': [height, width, channels], 'classes': classes, 'options': {}}))


class Net(nn.Module):
    """pytorch/examples, mnist."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, size(32, 2), 3, 1)
        self.conv2 = nn.Conv2d(size(32, 2), size(64, 3), 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(size(9216, 432), size(128, 4))
        self.fc2 = nn.Linear(size(128, 4), 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)
        x = torch.flatten(self.dropout1(x), 1)
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(self.dropout2(x)), dim=1)


write('mnist', Net(), [1, 28, 28], [
    {'type': 'Conv2d', 'name': 'conv1', 'kernel_size': 3},
    {'type': 'ReLU'},
    {'type': 'Conv2d', 'name': 'conv2', 'kernel_size': 3},
    {'type': 'ReLU'},
    {'type': 'MaxPool2d', 'kernel_size': 2},
    {'type': 'Dropout', 'p': 0.25},
    {'type': 'Flatten'},
    {'type': 'Linear', 'name': 'fc1'},
    {'type': 'ReLU'},
    {'type': 'Dropout', 'p': 0.5},
    {'type': 'Linear', 'name': 'fc2'},
    {'type': 'LogSoftmax', 'dim': 1},
], mean=[0.1307], std=[0.3081])

sequential = nn.Sequential(
    nn.Conv2d(3, 4, (3, 2), stride=2, padding=1, bias=False), nn.BatchNorm2d(4), nn.SiLU(),
    nn.Conv2d(4, 8, 3, padding=1, groups=4), nn.LeakyReLU(0.2),
    nn.MaxPool2d(3, stride=2, padding=1), nn.Conv2d(8, 6, 1), nn.Hardswish(),
    nn.AvgPool2d(2, stride=1, padding=1), nn.Dropout2d(0.3),
    nn.Flatten(), nn.LazyLinear(7), nn.BatchNorm1d(7), nn.GELU(), nn.ELU(0.5), nn.Mish(), nn.Hardsigmoid(),
    nn.Linear(7, 5, bias=False), nn.Softplus(), nn.Softsign(), nn.GELU(approximate='tanh'), nn.Linear(5, 4))
sequential(torch.zeros(2, 3, 13, 11))
# Large weights, as functions that saturate make all images alike.
for parameter in sequential.parameters():
    parameter.data *= 4
write('sequential', sequential, [3, 13, 11], describe(sequential), classes=4, half=True)


class Residual(nn.Module):
    """Two blocks of a residual network, with adaptive pooling."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.conv1 = nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.down = nn.Conv2d(4, 6, 1, stride=2)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = F.relu(self.bn1(self.conv1(x)) + self.down(x))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


write('residual', Residual(), [3, 12, 12], [
    {'type': 'Conv2d', 'name': 'stem', 'padding': 1},
    {'type': 'ReLU', 'name': 'start'},
    {'type': 'Conv2d', 'name': 'conv1', 'stride': 2, 'padding': 1, 'bias': False},
    {'type': 'BatchNorm2d', 'name': 'bn1'},
    {'type': 'Conv2d', 'name': 'down', 'inputs': ['start'], 'stride': 2},
    {'type': 'Add', 'inputs': ['bn1', 'down']},
    {'type': 'ReLU'},
    {'type': 'AdaptiveAvgPool2d', 'output_size': 1},
    {'type': 'Flatten'},
    {'type': 'Linear', 'name': 'fc'},
], mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225], classes=3)
