"""PyTorch as the article has it: a Dataset of PIL images, transforms, and a DataLoader."""

import sys

import numpy
import torch
import torchvision
from torch.nn import functional
from torch.utils.data import DataLoader
from torchvision import transforms

import protocol
from torch_nets import NETS, optimizer_for

options = protocol.arguments()
torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)
protocol.emit(
    "start",
    threads=torch.get_num_threads(),
    versions={
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "numpy": numpy.__version__,
        "python": sys.version.split()[0],
    },
)


class Mnist(torchvision.datasets.MNIST):
    """torchvision's own data set; its folders alone are ours."""

    raw_folder = options.raw


transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
train_set = Mnist(options.raw, train=True, transform=transform)
test_set = Mnist(options.raw, train=False, transform=transform)
train_loader = DataLoader(train_set, batch_size=protocol.BATCH, shuffle=True)
test_loader = DataLoader(test_set, batch_size=protocol.TEST_BATCH)
net = NETS[options.model]()
optimizer = optimizer_for(options.optimizer, net, protocol.LEARNING_RATES[options.optimizer])


def train_epoch(_epoch):
    net.train()
    total = 0.0
    for step, (images, labels) in enumerate(train_loader):
        if step == options.steps:
            break
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / min(options.steps, len(train_loader))


def test():
    net.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in test_loader:
            correct += (net(images).argmax(1) == labels).sum().item()
    return correct / len(test_set)


def classify_one(index):
    with torch.no_grad():
        image, _ = test_set[index]
        return net(image.unsqueeze(0)).argmax(1).item()


protocol.train(options, train_epoch, test)
protocol.infer(test, classify_one)
