"""PyTorch at its best: the data in memory as one tensor; on request compiled, and with channels last."""

import sys

import torch
from torch.nn import functional

import protocol
from torch_nets import NETS, optimizer_for

options = protocol.arguments(compile="torch.compile", channels_last="memory format of the CNN")
torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)
protocol.emit(
    "start",
    threads=torch.get_num_threads(),
    versions={"torch": torch.__version__, "python": sys.version.split()[0]},
)


def in_memory(split):
    images, labels = protocol.read_split(options.raw, split)
    return torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels.astype("int64"))


train_images, train_labels = in_memory("train")
test_images, test_labels = in_memory("t10k")
net = NETS[options.model]()
if options.channels_last:
    net = net.to(memory_format=torch.channels_last)
optimizer = optimizer_for(options.optimizer, net, protocol.LEARNING_RATES[options.optimizer])
forward = torch.compile(net) if options.compile else net


def prepared(images):
    return images.contiguous(memory_format=torch.channels_last) if options.channels_last else images


def train_epoch(_epoch):
    net.train()
    total = torch.zeros(())
    order = torch.randperm(len(train_images))[: options.steps * protocol.BATCH]
    for indices in order.split(protocol.BATCH):
        optimizer.zero_grad()
        loss = functional.cross_entropy(forward(prepared(train_images[indices])), train_labels[indices])
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return total.item() / options.steps


@torch.inference_mode()
def test():
    net.eval()
    correct = torch.zeros((), dtype=torch.long)
    pairs = zip(test_images.split(protocol.TEST_BATCH), test_labels.split(protocol.TEST_BATCH))
    for images, labels in pairs:
        correct += (forward(prepared(images)).argmax(1) == labels).sum()
    return correct.item() / len(test_images)


@torch.inference_mode()
def classify_one(index):
    return forward(prepared(test_images[index : index + 1])).argmax(1).item()


protocol.train(options, train_epoch, test)
protocol.infer(test, classify_one)
