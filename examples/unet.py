"""Trains a small U-Net by EDM's recipe (Karras et al., arXiv 2206.00364) and exports its denoiser as ONNX.

    python3 unet.py --data digits.csv.gz --shape 1x8x8 --out unet.onnx
    MODEL=unet.onnx fewstep sample --field onnx_field.mjs --solver ipndm-3 --nfe 8 --out x.npy

Needs PyTorch, onnx, onnxscript and NumPy. The data's values are scaled to [-1, 1], and samples come out scaled.
"""

import argparse
import copy

import numpy
import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """A residual block that the noise level shifts and scales."""

    def __init__(self, inputs, outputs, embedding):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.norms = nn.ModuleList([nn.GroupNorm(8, inputs), nn.GroupNorm(8, outputs)])
        self.level = nn.Linear(embedding, 2 * outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        nn.init.zeros_(self.second.weight)

    def forward(self, x, level):
        y = self.first(functional.silu(self.norms[0](x)))
        scale, shift = self.level(level)[:, :, None, None].chunk(2, dim=1)
        y = self.second(functional.silu(self.norms[1](y) * (1 + scale) + shift))
        return self.skip(x) + y


class UNet(nn.Module):
    """Two resolutions; D(x, sigma) in EDM's preconditioning."""

    def __init__(self, channels, width, sigma_data):
        super().__init__()
        embedding, self.sigma_data = 4 * width, sigma_data
        self.register_buffer("frequencies", torch.randn(width))
        self.level = nn.Sequential(nn.Linear(2 * width, embedding), nn.SiLU(), nn.Linear(embedding, embedding), nn.SiLU())
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        self.fine = nn.ModuleList([Block(width, width, embedding) for _ in range(2)])
        self.down = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.coarse = nn.ModuleList([Block(2 * width, 2 * width, embedding) for _ in range(3)])
        self.up = nn.Conv2d(2 * width, width, 3, padding=1)
        self.last = nn.ModuleList([Block(2 * width, width, embedding), Block(width, width, embedding)])
        self.leave = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, channels, 3, padding=1))

    def forward(self, x, sigma):
        sigma = sigma[:, None, None, None]
        data = self.sigma_data
        norm = torch.sqrt(sigma**2 + data**2)
        angles = (torch.log(sigma[:, 0, 0]) / 4) * self.frequencies[None]
        level = self.level(torch.cat([angles.cos(), angles.sin()], dim=1))
        y = self.enter(x / norm)
        for block in self.fine:
            y = block(y, level)
        z = self.down(y)
        for block in self.coarse:
            z = block(z, level)
        z = self.up(functional.interpolate(z, scale_factor=2.0, mode="nearest"))
        y = torch.cat([y, z], dim=1)
        for block in self.last:
            y = block(y, level)
        return data**2 / norm**2 * x + sigma * data / norm * self.leave(y)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="CSV (also .gz) or .npy, an image a row")
    parser.add_argument("--shape", default="1x8x8", help="channels x height x width; the first columns of a row")
    parser.add_argument("--width", type=int, default=32, help="channels of the finer resolution, a multiple of 8")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, help="where the ONNX file goes")
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    shape = [int(size) for size in options.shape.split("x")]
    size = int(numpy.prod(shape))
    rows = numpy.load(options.data) if options.data.endswith(".npy") else numpy.loadtxt(options.data, delimiter=",")
    rows = rows.reshape(len(rows), -1)[:, :size].astype(numpy.float32)
    low, high = rows.min(), rows.max()
    images = torch.from_numpy((rows - low) / (high - low) * 2 - 1).reshape(-1, *shape)
    print(f"{len(images)} images, scaled from [{low:g}, {high:g}]")

    net = UNet(shape[0], options.width, images.std().item())
    print(f"{sum(p.numel() for p in net.parameters())} parameters")
    average = copy.deepcopy(net)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, options.steps)
    losses = 0.0
    for step in range(1, options.steps + 1):
        y = images[torch.randint(len(images), (options.batch,))]
        sigma = torch.exp(1.2 * torch.randn(options.batch) - 1.2)
        weight = (sigma**2 + net.sigma_data**2) / (sigma * net.sigma_data) ** 2
        noisy = y + sigma[:, None, None, None] * torch.randn_like(y)
        loss = (weight[:, None, None, None] * (net(noisy, sigma) - y) ** 2).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
        with torch.no_grad():
            decay = min(0.999, (1 + step) / (10 + step))
            for kept, now in zip(average.parameters(), net.parameters()):
                kept.lerp_(now, 1 - decay)
        losses += loss.item()
        if step % 500 == 0:
            print(f"step {step}: loss {losses / 500:.4f}", flush=True)
            losses = 0.0

    average.eval()
    torch.onnx.export(
        average,
        (torch.randn(2, *shape), torch.ones(2)),
        options.out,
        input_names=["x", "sigma"],
        output_names=["denoised"],
        dynamic_shapes=({0: torch.export.Dim("batch")}, {0: torch.export.Dim("batch")}),
        external_data=False,
        dynamo=True,
    )


if __name__ == "__main__":
    main()
