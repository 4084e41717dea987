# Opacus's MNIST example (examples/mnist.py of Opacus 1.6): its network, batch size 64, SGD 0.1, noise 1, clipping norm 1; examples a second of
# private training, for threads as given. usage: python opacus_mnist.py THREADS STEPS [BATCH]
import sys, time
import torch, torch.nn as nn, torch.nn.functional as F
from opacus import PrivacyEngine

threads, steps = int(sys.argv[1]), int(sys.argv[2])
batch = int(sys.argv[3]) if len(sys.argv) > 3 else 64
torch.set_num_threads(threads)

class SampleConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 8, 2, padding=3); self.conv2 = nn.Conv2d(16, 32, 4, 2)
        self.fc1 = nn.Linear(32 * 4 * 4, 32); self.fc2 = nn.Linear(32, 10)
    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2, 1)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2, 1)
        return self.fc2(F.relu(self.fc1(x.view(-1, 32 * 4 * 4))))

x = torch.rand(60000, 1, 28, 28); y = torch.randint(0, 10, (60000,))
data = torch.utils.data.TensorDataset(x, y)
for private in (False, True):
    model = SampleConvNet(); optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True)
    if private:
        model, optimizer, loader = PrivacyEngine().make_private(module=model, optimizer=optimizer, data_loader=loader, noise_multiplier=1.0, max_grad_norm=1.0)
    seen, started, before = 0, None, None
    for step, (images, labels) in enumerate(loader):
        if step == 20: seen, started, before = 0, time.time(), time.process_time()
        if step == 20 + steps: break
        optimizer.zero_grad(); F.cross_entropy(model(images), labels).backward(); optimizer.step(); seen += len(labels)
    print(f"{'private' if private else 'plain'}: {seen / (time.time() - started):.0f} examples/s, {seen / (time.process_time() - before):.0f} per second of processor time, {threads} threads, batch {batch}", flush=True)
