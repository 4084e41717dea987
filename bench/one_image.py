# How long PyTorch takes for one image on one thread: 784-128-64-10 with ReLU, as `mlp`. usage: python one_image.py
import time
import torch, torch.nn as nn

torch.set_num_threads(1)
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)).eval()
images = torch.randint(0, 256, (16, 784), dtype=torch.uint8)
times = []
with torch.inference_mode():
    for turn in range(5500):
        started = time.perf_counter()
        torch.softmax(model(images[turn % 16 : turn % 16 + 1].float() / 255), 1).tolist()
        if turn >= 500: times.append(1e6 * (time.perf_counter() - started))
times.sort()
print(f"PyTorch: an image takes {times[2500]:.0f} µs (median of 5,000), 99 % of them at most {times[4950]:.0f} µs")
