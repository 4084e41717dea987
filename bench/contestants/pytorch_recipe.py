"""A configuration of ours in PyTorch: the same network, initial distribution, augmentation, schedule, optimiser and averaged weights, on
the same images. Trains once, measures the averaged weights on the test images, and ends.

usage: python pytorch_recipe.py CONFIG --raw FOLDER --seed N --threads N [--compile]
"""

import argparse
import json
import math
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import protocol

# What a configuration may hold, with the defaults of mnist-train; anything else changes the recipe, and is refused.
DEFAULTS = {
    "dataset": "mnist",
    "model": "mlp",
    "filters": [16, 24, 24, 32],
    "kernelSize": 3,
    "validationSplit": 0.1,
    "augmentShift": 0,
    "augmentRotation": 0,
    "augmentScale": 0,
    "optimizer": "adam",
    "learningRate": 0.001,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
    "schedule": "linear",
    "warmupShare": 0.3,
    "startDivision": 25,
    "endDivision": 1e4,
    "labelSmoothing": 0,
    "averageWeights": None,
    "batchSize": 100,
    "epochs": 10,
}
# Settings that have one value here.
FIXED = {"dataset": "mnist", "model": "cnn-small", "validationSplit": 0, "optimizer": "adam", "schedule": "one-cycle"}


def read_recipe(path):
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    unknown = [key for key in config if key not in DEFAULTS]
    recipe = {**DEFAULTS, **config}
    wrong = [f"{key} {json.dumps(recipe[key])}" for key, value in FIXED.items() if recipe[key] != value]
    if unknown or wrong:
        sys.exit(f"{path}: not done here: {', '.join(unknown + wrong)}")
    return recipe


class CnnSmall(nn.Module):
    """Convolutions without padding and bias, pooling after every other one, batch normalisation, ReLU; then channel means."""

    def __init__(self, filters, kernel):
        super().__init__()
        inputs = [1, *filters[:-1]]
        self.convolutions = nn.ModuleList(nn.Conv2d(i, o, kernel, bias=False) for i, o in zip(inputs, filters))
        self.norms = nn.ModuleList(nn.BatchNorm2d(count) for count in filters)
        # nn.Linear begins with U(-1/sqrt(inputs), 1/sqrt(inputs)), as ours does.
        self.dense = nn.Linear(filters[-1], 10)
        for convolution in self.convolutions:
            nn.init.normal_(convolution.weight, std=math.sqrt(2 / convolution.weight[0].numel()))

    def forward(self, images):
        for index, (convolution, norm) in enumerate(zip(self.convolutions, self.norms)):
            images = convolution(images)
            if index % 2 == 0:
                images = functional.max_pool2d(images, 2)
            images = functional.relu(norm(images))
        return self.dense(images.mean((2, 3)))


def augmented(images, recipe, outside):
    """Shifts by whole pixels, rotations and zooms about the centre, interpolated bilinearly."""
    shift, rotation, scale = recipe["augmentShift"], recipe["augmentRotation"], recipe["augmentScale"]
    if not (shift or rotation or scale):
        return images
    count, _, height, width = images.shape
    angle = (torch.rand(count) - 0.5) * 2 * math.radians(rotation)
    zoom = 1 + (torch.rand(count) - 0.5) * 2 * scale
    moved = torch.randint(-shift, shift + 1, (count, 2)).float()
    sine, cosine = torch.sin(angle) / zoom, torch.cos(angle) / zoom
    inverse = torch.stack([cosine, sine, -sine, cosine], 1).view(count, 2, 2)
    # Of coordinates from -1 to 1 between the centres of the outer pixels.
    pixels = torch.tensor([2 / (width - 1), 2 / (height - 1)])
    offset = -(inverse @ (moved * pixels).unsqueeze(2))
    grid = functional.affine_grid(torch.cat([inverse, offset], 2), images.shape, align_corners=True)
    return functional.grid_sample(images - outside, grid, padding_mode="zeros", align_corners=True) + outside


class Average:
    """The moving average of the parameters, whose decay grows to the given one."""

    def __init__(self, net, decay):
        self.parameters, self.decay, self.steps = list(net.parameters()), decay, 0
        self.values = [parameter.detach().clone() for parameter in self.parameters]

    def update(self):
        self.steps += 1
        share = max(1 - self.decay, 9 / (self.steps + 8))
        torch._foreach_lerp_(self.values, [parameter.detach() for parameter in self.parameters], share)

    def install(self):
        for parameter, value in zip(self.parameters, self.values):
            parameter.data.copy_(value)


parser = argparse.ArgumentParser()
parser.add_argument("config")
parser.add_argument("--raw", required=True, help="folder of the IDX files")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--compile", action="store_true", help="torch.compile")
options = parser.parse_args()
recipe = read_recipe(options.config)
torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)

train_pixels = protocol.read_idx(options.raw, "train-images-idx3-ubyte")
train_labels = torch.from_numpy(protocol.read_idx(options.raw, "train-labels-idx1-ubyte").astype("int64"))
test_labels = torch.from_numpy(protocol.read_idx(options.raw, "t10k-labels-idx1-ubyte").astype("int64"))
mean, deviation = train_pixels.mean(dtype=np.float64), train_pixels.std(dtype=np.float64)
outside = float(-mean / deviation)


def scaled(pixels):
    images = torch.from_numpy(np.array(pixels)).unsqueeze(1)
    return images.float().sub_(float(mean)).div_(float(deviation))


train_images = scaled(train_pixels)
test_images = scaled(protocol.read_idx(options.raw, "t10k-images-idx3-ubyte"))
net = CnnSmall(recipe["filters"], recipe["kernelSize"]).to(memory_format=torch.channels_last)
forward = torch.compile(net) if options.compile else net
batch, epochs = recipe["batchSize"], recipe["epochs"]
optimizer = torch.optim.Adam(
    net.parameters(), lr=recipe["learningRate"], betas=(recipe["beta1"], recipe["beta2"]), eps=recipe["epsilon"]
)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer,
    recipe["learningRate"],
    total_steps=epochs * math.ceil(len(train_images) / batch),
    pct_start=recipe["warmupShare"],
    div_factor=recipe["startDivision"],
    final_div_factor=recipe["endDivision"],
    cycle_momentum=False,
)
average = Average(net, recipe["averageWeights"]) if recipe["averageWeights"] is not None else None
for _ in range(epochs):
    net.train()
    for indices in torch.randperm(len(train_images)).split(batch):
        images = augmented(train_images[indices], recipe, outside).contiguous(memory_format=torch.channels_last)
        optimizer.zero_grad()
        logits = forward(images)
        functional.cross_entropy(
            logits, train_labels[indices], label_smoothing=recipe["labelSmoothing"]
        ).backward()
        optimizer.step()
        schedule.step()
        if average:
            average.update()

if average:
    average.install()
net.eval()
with torch.inference_mode():
    correct = sum(
        (forward(images.contiguous(memory_format=torch.channels_last)).argmax(1) == labels).sum().item()
        for images, labels in zip(test_images.split(protocol.TEST_BATCH), test_labels.split(protocol.TEST_BATCH))
    )
protocol.emit("result", accuracy=correct / len(test_images), versions={"torch": torch.__version__})
