"""Measures kernels and restorations on the sets that are never trained on. Usage: measure.py CHECKPOINTS [kernels]"""
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

from checkpoints import read_safetensors, restore
from nets import Restorer, SpectralKeNet, estimate, load_flow
from pairs import SIDE, TAPS, measured_pairs, simulated_set
from spectra import STRIDE, deconvolve

SETS = ("simulated", "reds", "gopro", "gopro-0384")
stored = lambda image: (image.clamp(0, 1) * 255).round() / 255
psnr = lambda a, b: float(-10 * torch.log10(((a - b).double() ** 2).mean() + 1e-12))


def padded(image):
    """Reflected to the right and below to multiples of 16."""
    height, width = image.shape[-2:]
    return F.pad(image[None], (0, -width % STRIDE, 0, -height % STRIDE), mode="reflect")


def reblur(sharp, kernels, step=1):
    """Sharp [n, 3, h, w] blurred by kernels [n, k^2, h/16, w/16], at every step-th pixel; edges repeated."""
    n, _, height, width = sharp.shape
    wide, places = F.pad(sharp, (SIDE // 2,) * 4, mode="replicate"), STRIDE // step
    rows = []
    for row in range(height // STRIDE):
        strip = wide[:, :, row * STRIDE : (row + 1) * STRIDE + SIDE - 1]
        taps = F.unfold(strip, SIDE, stride=step).view(n, 3, TAPS, places, width // STRIDE, places)
        rows.append(torch.einsum("bclihj,blh->bcihj", taps, kernels[:, :, row]).reshape(n, 3, places, width // step))
    return torch.cat(rows, 2)


def pairs_of(name, most=None):
    """Sharp, blurry and the kernel if known; the middles of images larger than `most`."""
    found = simulated_set() if name == "simulated" else [(*pair, None) for pair in measured_pairs(name)]
    if most is None:
        return found
    def middle(image):
        y, x = max(0, image.shape[1] - most) // 2, max(0, image.shape[2] - most) // 2
        return image[:, y : y + most, x : x + most]
    return [(middle(sharp), middle(blurry), kernel) for sharp, blurry, kernel in found]


def moments(kernel):
    """Difference of the axes' variances, twice their covariance, and their sum."""
    k = kernel.double().reshape(SIDE, SIDE)
    k, r = k / k.sum(), torch.arange(SIDE).double() - SIDE // 2
    x, y = r[None], r[:, None]
    mx, my = (k * x).sum(), (k * y).sum()
    xx, yy, xy = (k * x * x).sum() - mx**2, (k * y * y).sum() - my**2, (k * x * y).sum() - mx * my
    return float(xx - yy), float(2 * xy), float(xx + yy)


@torch.no_grad()
def kernel_figures(ke_net, flow, most=None, sets=SETS):
    """Re-blur in dB for each set; for known kernels direction, anisotropy, size, error, and its rank correlation with sigma."""
    figures, directions, errors, sigmas = {}, [], [], []
    for name in sets:
        values = []
        for sharp, blurry, known in pairs_of(name, most):
            kernels, sigma = estimate(ke_net, flow, padded(blurry))
            height, width = (side // STRIDE * STRIDE for side in blurry.shape[1:])
            again = reblur(sharp[None, :, :height, :width], kernels[:, :, : height // STRIDE, : width // STRIDE])
            values.append(psnr(again[0], blurry[:, :height, :width]))
            if known is not None:
                truth = known.reshape(1, TAPS, 1, 1)
                (a, b, size), (ta, tb, true_size) = moments(kernels.mean((0, 2, 3))), moments(known)
                length, true_length = math.hypot(a, b), math.hypot(ta, tb)
                cosine = (a * ta + b * tb) / (length * true_length + 1e-12)
                directions.append((cosine, length / size, true_length / true_size, math.log(size / true_size)))
                errors.append((((kernels - truth) ** 2).sum(1) / (truth**2).sum(1)).flatten())
                sigmas.append(sigma.flatten())
        figures[name] = np.mean(values)
    error, sigma, rank = torch.cat(errors), torch.cat(sigmas), lambda x: x.argsort().argsort().double()
    cosine, length, true_length, size = np.mean(directions, 0)
    figures |= {"direction": cosine, "anisotropy": length, "true": true_length, "size": math.exp(size)}
    figures |= {"error": error.mean(), "sigma": sigma.mean(), "rank": torch.corrcoef(torch.stack([rank(error), rank(sigma)]))[0, 1]}
    return {name: round(float(value), 3) for name, value in figures.items()}


def interval(values):
    """Mean and bootstrap 95 % interval."""
    values, random = np.asarray(values), np.random.default_rng(1)
    means = values[random.integers(0, len(values), (4000, len(values)))].mean(1)
    return f"{values.mean():+.2f} [{np.quantile(means, 0.025):+.2f}, {np.quantile(means, 0.975):+.2f}]"


@torch.no_grad()
def restored_figures(net, ke_net, flow, sets=SETS, most=None, without=False):
    """Gain in dB of the restored image for each set; of deconvolution alone, with true kernels and without kernels."""
    net.pool_locally(True)
    figures = {}
    for name in sets:
        gains, alone, with_true, with_none = [], [], [], []
        for sharp, blurry, known in pairs_of(name, most):
            image, (height, width) = padded(blurry), blurry.shape[1:]
            kernels, sigma = estimate(ke_net, flow, image)
            gain = lambda result: psnr(sharp, stored(result)[0, :, :height, :width]) - psnr(sharp, blurry)
            change = deconvolve(image, kernels, sigma, net.regularisation)
            gains.append(gain(net(image, kernels, change)))
            alone.append(gain(image + change))
            if known is not None:
                true = known.reshape(1, TAPS, 1, 1).expand_as(kernels).contiguous()
                with_true.append(gain(net(image, true, deconvolve(image, true, sigma, net.regularisation))))
            if without:
                with_none.append(gain(net(image, torch.zeros_like(kernels), torch.zeros_like(image))))
        row = f"{interval(gains)}, least {min(gains):+.2f}, deconvolved {np.mean(alone):+.2f}"
        row += f", true kernels {np.mean(with_true):+.2f}" if with_true else ""
        figures[name] = row + (f", K = 0 {np.mean(with_none):+.2f}" if with_none else "")
    net.pool_locally(False)
    return figures


def load(net, path):
    average, steps, minutes = restore(path, net)
    net.load_state_dict(average)
    return net.eval(), steps, minutes


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("THREADS", "2")))
    folder = sys.argv[1]
    ke_net, steps, minutes = load(SpectralKeNet(), f"{folder}/kernels.safetensors")
    flow = load_flow(read_safetensors(os.environ.get("BUNDLED", "weights/ufpnet-lite.safetensors")))
    print(f"kernels, {steps} steps, {minutes:.0f} CPU minutes:", kernel_figures(ke_net, flow), flush=True)
    if "kernels" not in sys.argv[2:]:
        net, steps, minutes = load(Restorer(), f"{folder}/restorer.safetensors")
        print(f"restorer, {steps} steps, {minutes:.0f} CPU minutes:")
        for name, row in restored_figures(net, ke_net, flow, without=True).items():
            print(f"  {name}: {row}")
