"""The two nets of the race, in PyTorch."""

import torch
from torch import nn
from torch.nn import functional


class Mlp(nn.Module):
    """The article's net: 784-128-64-10."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        )

    def forward(self, images):
        return self.layers(images)


class Cnn(nn.Module):
    """The net of PyTorch's own MNIST example (pytorch/examples, mnist/main.py)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, images):
        maps = functional.relu(self.conv2(functional.relu(self.conv1(images))))
        maps = self.dropout1(functional.max_pool2d(maps, 2))
        hidden = functional.relu(self.fc1(torch.flatten(maps, 1)))
        return self.fc2(self.dropout2(hidden))


NETS = {"mlp": Mlp, "cnn": Cnn}


def optimizer_for(name, net, learning_rate):
    optimizers = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    return optimizers[name](net.parameters(), lr=learning_rate)
