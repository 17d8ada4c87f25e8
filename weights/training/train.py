"""
Trains KE-Net on spectra (stage kernels) or the restorer behind it (stage restorer), resuming from the folder's checkpoint.

    python train.py kernels|restorer FOLDER --until MINUTES [--rate R]

FOLDER holds kernels.safetensors, restorer.safetensors and log.md, a table with a row for each measurement. MINUTES are
CPU minutes of the trained process over all runs; the rate falls to 1 % by then as a cosine. A second process makes
pairs; while it is behind, earlier batches are used again, at most five times.
"""
import argparse
import math
import multiprocessing
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import measure
from checkpoints import move_average, read_safetensors, restore, save
from nets import Restorer, SpectralKeNet, decode, estimate, load_flow
from pairs import SIDE, TAPS, Pairs
from spectra import FEATURES, deconvolve, features, flipped, symmetries_of_features

BUNDLED = os.environ.get("BUNDLED", "weights/ufpnet-lite.safetensors")


def blurs():
    """Gaussian blurs of sigma 1 and 2 of a kernel, as one matrix [k^2, 2 k^2]."""
    places = torch.arange(-6, 7).float()
    matrices = []
    for sigma in (1.0, 2.0):
        row = torch.exp(-places * places / (2 * sigma * sigma))
        row = row / row.sum()
        basis = torch.eye(TAPS).view(TAPS, 1, SIDE, SIDE)
        matrices.append(F.conv2d(basis, (row[:, None] * row[None])[None, None], padding=6).reshape(TAPS, TAPS))
    return torch.cat(matrices, 1)


class KernelStage:
    """Loss of a simulated window: log of its kernel's relative error over three scales. Of a real pair: log of the re-blur
    error relative to the blur. Sigma squared learns the expected relative error and has no part in the kernel's loss."""

    clip, weight_decay, memory = 1.0, 0.02, 0.998

    def __init__(self, folder):
        self.net, self.flow, self.blurs = SpectralKeNet(), load_flow(read_safetensors(BUNDLED)), blurs()

    def parameter_groups(self):
        return [{"params": list(self.net.parameters()), "factor": 1.0}]

    @staticmethod
    def items(seed, folder):
        """One simulated image's features and field, or a batch of real pairs, one in 40."""
        pairs, number = Pairs(seed), 0
        while True:
            number += 1
            if number % 40 == 0:
                yield *(torch.stack(images) for images in zip(*[pairs.real_pair(128) for _ in range(4)])), "real"
            else:
                _, blurry, field = pairs.beyond(160) if pairs.chance(0.05) else pairs.simulated(160)
                yield features(blurry[None])[0].half(), field.contiguous()

    @staticmethod
    def feed(queue, seed):
        return KernelFeed(queue, seed)

    def prepare(self, batches):
        """Fixed numbers that standardise the features."""
        seen = torch.cat([batch[0].float().reshape(FEATURES, -1) for batch in batches], 1)
        self.net.mean_of_features.copy_(seen.mean(1))
        self.net.deviation.copy_(seen.std(1) + 1e-4)

    def error(self, kernels, known):
        """Squared error relative to the kernel's square, mean over three scales."""
        difference, share = kernels - known, lambda a, b: (a * a).sum(-1) / (b * b).sum(-1)
        coarse = [(x @ self.blurs).view(-1, 2, TAPS) for x in (difference, known)]
        return (share(difference, known) + share(*coarse).sum(1)) / 3

    def loss(self, batch):
        if len(batch) == 3:
            seen, sharp, blurry = batch
            code, sigma = self.net(seen.float())
            again = measure.reblur(sharp, decode(self.flow, code, sigma.detach()), 2)
            error = ((again - blurry[:, :, ::2, ::2]) ** 2).mean((1, 2, 3))
            error = error / (((sharp - blurry) ** 2).mean((1, 2, 3)) + 1e-5)
            return 0.3 * torch.log(error + 0.03).mean(), {"real": error.mean()}
        seen, known = batch
        code, sigma = self.net(seen.float())
        cells = lambda x: x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
        known, square = cells(known), (cells(sigma)[:, 0] ** 2).clamp(1e-4, 1 - 1e-4)
        fits = known.sum(1) > 0.5
        error = self.error(cells(decode(self.flow, code, sigma.detach()))[fits], known[fits])
        expected = torch.ones_like(square)
        expected[fits] = error.detach().clamp(0, 1)
        doubt = -(expected * torch.log(square) + (1 - expected) * torch.log(1 - square)).mean()
        told = {"error": error.mean(), "sigma": sigma.mean(), "beyond": square[~fits].sqrt().mean() if (~fits).any() else None}
        return torch.log(error + 0.03).mean() + 0.3 * doubt, told

    def figures(self, net, whole):
        return measure.kernel_figures(net, self.flow, None if whole else 256)


class RestorerStage:
    """Loss: PSNR and the difference of Fourier transforms, on kernels of the frozen KE-Net; now and then true ones."""

    clip, weight_decay, memory = 0.5, 1e-3, 0.999

    def __init__(self, folder):
        self.net = Restorer().start_from(read_safetensors(BUNDLED))
        self.ke_net, self.flow = frozen_kernels(folder)

    def parameter_groups(self):
        """New inputs learn faster than what is trained already."""
        factor = lambda name: 20.0 if name in ("mix", "regularisation") else 2.0 if "intro" in name or "kernel_atttion" in name else 1.0
        groups = {}
        for name, parameter in self.net.named_parameters():
            groups.setdefault(factor(name), []).append(parameter)
        return [{"params": params, "factor": f, **({"weight_decay": 0.0} if f == 20 else {})} for f, params in groups.items()]

    @staticmethod
    def feed(queue, seed):
        return Replay(queue, seed)

    @staticmethod
    def items(seed, folder):
        pairs, (ke_net, flow) = Pairs(seed, small_share=0.35), frozen_kernels(folder)
        while True:
            side, count = (128, 4) if pairs.chance(0.8) else (192, 2)
            items = [(*pairs.real_pair(side), None) if pairs.chance(0.35) else pairs.simulated(side) for _ in range(count)]
            sharp, blurry = torch.stack([item[0] for item in items]), torch.stack([item[1] for item in items])
            with torch.no_grad():
                kernels, sigma = estimate(ke_net, flow, blurry)
            for kernel, (_, _, known) in zip(kernels, items):
                if known is not None and pairs.chance(0.2):
                    kernel.copy_(known)
            yield sharp, blurry, kernels, sigma

    def prepare(self, batches):
        pass

    def loss(self, batch):
        sharp, blurry, kernels, sigma = batch
        change = deconvolve(blurry, kernels, sigma, self.net.regularisation)
        restored = self.net(blurry, kernels, change)
        square = lambda image: ((image - sharp) ** 2).mean((1, 2, 3))
        decibels = lambda error: 10 / math.log(10) * torch.log(error + 1e-5).mean()
        fourier = lambda image: torch.fft.rfft2(image, norm="ortho")
        loss = decibels(square(restored)) + 20 * (fourier(restored) - fourier(sharp)).abs().mean()
        before = decibels(square(blurry))
        gains = {"gain": before - decibels(square(restored)), "deconvolved": before - decibels(square(blurry + change))}
        return loss, gains

    def figures(self, net, whole):
        return measure.restored_figures(net, self.ke_net, self.flow, most=None if whole else 256, without=whole)


def frozen_kernels(folder):
    ke_net, _, _ = measure.load(SpectralKeNet(), f"{folder}/kernels.safetensors")
    return ke_net.requires_grad_(False), load_flow(read_safetensors(BUNDLED))


STAGES = {"kernels": KernelStage, "restorer": RestorerStage}


def produce(queue, stage, seed, folder):
    torch.set_num_threads(1)
    with torch.no_grad():
        for item in STAGES[stage].items(seed, folder):
            queue.put(item)


class KernelFeed:
    """Batches of 24 pieces of 5x5 cells, each of another image of a pool of 700, under one of the eight symmetries. One
    batch in five is of real pairs, of the last 40."""

    def __init__(self, queue, seed, most=700, least=48, pieces=24, side=5):
        self.queue, self.random, self.images, self.real, self.number = queue, np.random.default_rng(seed), [], [], 0
        self.most, self.least, self.pieces, self.side, self.symmetries = most, least, pieces, side, symmetries_of_features()

    def take(self):
        item = self.queue.get()
        kept, most = (self.real, 40) if len(item) == 3 else (self.images, self.most)
        kept.append(item)
        del kept[:-most]

    def next(self):
        while len(self.images) < self.least or not self.queue.empty():
            self.take()
        self.number += 1
        if self.number % 5 == 0 and self.real:
            symmetry, images = self.symmetry(), self.real[self.random.integers(len(self.real))][:2]
            sharp, blurry = (flipped(image, *symmetry) for image in images)
            return features(blurry), sharp, blurry
        chosen = self.random.choice(len(self.images), self.pieces, replace=False)
        pieces, fields = zip(*[self.piece(*self.images[index]) for index in chosen])
        return torch.stack(pieces), torch.stack(fields)

    def symmetry(self):
        """Mirrored left to right, top to bottom, transposed."""
        return tuple(bool(bit) for bit in self.random.integers(0, 2, 3))

    def piece(self, seen, field):
        y, x = self.random.integers(0, seen.shape[1] - self.side + 1, 2)
        part = lambda maps: maps[:, y : y + self.side, x : x + self.side]
        symmetry = self.symmetry()
        index, sign = self.symmetries[symmetry]
        kernels = flipped(part(field).reshape(SIDE, SIDE, self.side, self.side).permute(2, 3, 0, 1), *symmetry)
        kernels = flipped(kernels.permute(2, 3, 0, 1), *symmetry).reshape(TAPS, self.side, self.side)
        return flipped(part(seen), *symmetry).float()[index] * sign[:, None, None], kernels


class Replay:
    """The newest batch, or, while none is ready, one of those of before."""

    def __init__(self, queue, seed, least=12, most=64, uses=5):
        self.queue, self.random, self.held = queue, np.random.default_rng(seed), []
        self.least, self.most, self.uses = least, most, uses

    def next(self):
        if len(self.held) < self.least or not self.queue.empty():
            item = [self.queue.get(), 1]
            self.held = [*self.held, item][-self.most :]
        else:
            item = self.held[self.random.integers(len(self.held))]
            item[1] += 1
            if item[1] >= self.uses and len(self.held) > self.least:
                self.held = [other for other in self.held if other is not item]
        return item[0]


def write_row(folder, stage, steps, minutes, rate, sums, figures):
    path = f"{folder}/log.md"
    if not os.path.exists(path):
        with open(path, "w") as file:
            file.write("| stage | steps | CPU min | rate | training | measured |\n| --- | --- | --- | --- | --- | --- |\n")
    told = ", ".join(f"{name} {value:.3f}" for name, value in sums.items())
    measured = "; ".join(f"{name} {value}" for name, value in figures.items())
    with open(path, "a") as file:
        file.write(f"| {stage} | {steps} | {minutes:.0f} | {rate:.1e} | {told} | {measured} |\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("folder")
    parser.add_argument("--until", type=float, required=True)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--measure-every", type=float, default=10)
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("THREADS", "1")))
    most_rate = options.rate or {"kernels": 1e-3, "restorer": 4e-4}[options.stage]
    path, seed = f"{options.folder}/{options.stage}.safetensors", int(time.time()) % 100_000
    queue = multiprocessing.get_context("fork").Queue(12)
    maker = multiprocessing.get_context("fork").Process(target=produce, args=(queue, options.stage, seed, options.folder), daemon=True)
    maker.start()
    torch.manual_seed(seed)
    stage = STAGES[options.stage](options.folder)
    if not os.path.exists(path):
        stage.prepare([item for item in (queue.get() for _ in range(30)) if len(item) == 2])
    average, steps, before = restore(path, stage.net)
    optimizer = torch.optim.AdamW(stage.parameter_groups(), most_rate, betas=(0.9, 0.95), weight_decay=stage.weight_decay)
    feed, sums, measured, started, first = stage.feed(queue, seed), {}, before, time.process_time(), steps
    while True:
        minutes = before + (time.process_time() - started) / 60
        done = min(1.0, minutes / options.until)
        rate = most_rate * (0.495 * (1 + math.cos(math.pi * done)) + 0.01) * min(1, (steps - first + 1) / 100)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        loss, told = stage.loss(feed.next())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(stage.net.parameters(), stage.clip)
        optimizer.step()
        steps += 1
        move_average(average, stage.net, steps, stage.memory)
        for name, value in told.items():
            if value is not None:
                sums.setdefault(name, []).append(float(value.detach()))
        if steps % 100 == 0:
            save(path, stage.net, average, {"steps": steps, "minutes": minutes})
        if minutes - measured >= options.measure_every or done >= 1:
            measured, paused = minutes, time.process_time()
            save(path, stage.net, average, {"steps": steps, "minutes": minutes})
            net = type(stage.net)()
            net.load_state_dict(average)
            figures = stage.figures(net.eval(), done >= 1)
            means = {name: float(np.mean(values)) for name, values in sums.items()}
            write_row(options.folder, options.stage, steps, minutes, rate, means, figures)
            sums, started = {}, started + time.process_time() - paused
        if done >= 1:
            break
    maker.terminate()


if __name__ == "__main__":
    main()
