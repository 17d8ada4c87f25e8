"""Local spectra of gradients, and deconvolution by windowed Wiener filters; the same numbers as src/model/graph/dft.ts."""
import math

import torch
import torch.nn.functional as F

STRIDE, SIDE, MARGIN, REACH = 16, 64, 24, 18
FLOOR = 1e-5
TYPICAL_SIGMA = 0.9

hann = torch.hann_window(SIDE, periodic=True)
HANN = hann[:, None] * hann[None] / (hann**2).sum()
LOW = (
    (torch.fft.fftfreq(SIDE).abs()[:, None] * SIDE <= SIDE / 4)
    & (torch.fft.rfftfreq(SIDE)[None] * SIDE <= SIDE / 4)
).float()
# Each frequency of a half spectrum but the first stands for two.
TWICE = torch.where(torch.arange(SIDE // 2 + 1) == 0, 1.0, 2.0)


def windows(image):
    """[.., h, w] -> [.., h/16, w/16, 64, 64], zeros outside."""
    padded = F.pad(image, (MARGIN,) * 4)
    return padded.unfold(-2, SIDE, STRIDE).unfold(-2, SIDE, STRIDE)


def correlation(spectrum, step=1):
    """Inverse DFT at shifts 0..18 down and -18..18 across."""
    whole = torch.roll(torch.fft.irfft2(spectrum, s=(SIDE, SIDE)), REACH, -1)
    return whole[..., : REACH + 1 : step, : 2 * REACH + 1 : step].flatten(-2)


def neighbour_mean(x):
    """Mean over the 3x3 windows that exist; x [n, h, w, ...]."""
    n, h, w = x.shape[:3]
    maps = x.reshape(n, h, w, -1).permute(0, 3, 1, 2)
    means = F.avg_pool2d(maps, 3, 1, 1, count_include_pad=False)
    return means.permute(0, 2, 3, 1).reshape(x.shape)


def features(image):
    """[n, 3, h, w] -> [n, 6008, h/16, w/16]"""
    grey, parts = image.mean(1), []
    for axis in (2, 1):
        gradient = grey.diff(dim=axis)
        gradient = F.pad(gradient, (0, 1) if axis == 2 else (0, 0, 0, 1))
        window = windows(gradient)
        power = torch.fft.rfft2(window * HANN).abs() ** 2
        for one in (power, neighbour_mean(power)):
            auto = correlation(one)
            variance = auto[..., REACH : REACH + 1] + FLOOR
            parts += [auto / variance, correlation(torch.log(one + FLOOR)), torch.log(variance)]
        parts.append(ends(window))
    return torch.cat(parts, -1).permute(0, 3, 1, 2)


FEATURES = 2 * (4 * 703 + 2 + 190)


def flipped(x, across, down, transposed):
    """Mirrored left to right, then top to bottom, then transposed."""
    if across:
        x = x.flip(-1)
    if down:
        x = x.flip(-2)
    return x.transpose(-1, -2) if transposed else x


def symmetries_of_features():
    """For each symmetry the index and sign that carry an image's features to the transformed image's, in each window: a
    mirrored correlation at a shift is the plain one at the mirrored shift; only its upper half is kept, and the odd part
    changes its sign in the lower one. The shift of a gradient by a pixel is left out."""
    numbers, step_1, step_2 = torch.arange(FEATURES), (REACH + 1, 2 * REACH + 1), (REACH // 2 + 1, REACH + 1)

    def carried(block, shape, symmetry, odd):
        rows, columns = shape
        middle = columns // 2
        across, down, transposed = symmetry
        whole = torch.full((columns, columns), -1)
        sign = torch.ones(columns, columns)
        upper = block.view(rows, columns)
        whole[middle:] = upper
        whole[: middle + 1] = upper.flip(0).flip(1)
        whole[middle:] = upper
        if odd:
            sign[:middle] = -1
        return tuple(flipped(x, across, down, transposed)[middle:].flatten() for x in (whole, sign))

    found = {}
    for symmetry in [(a, d, t) for a in (False, True) for d in (False, True) for t in (False, True)]:
        halves = numbers.chunk(2)
        index, sign = [], []
        # Transposing exchanges the gradients.
        for half in halves[::-1] if symmetry[2] else halves:
            at = 0
            for _ in range(2):
                for size in (703, 703, 1):
                    block = half[at : at + size]
                    one = carried(block, step_1, symmetry, False) if size > 1 else (block, torch.ones(1))
                    index.append(one[0]), sign.append(one[1])
                    at += size
            one = carried(half[at:], step_2, symmetry, True)
            index.append(one[0]), sign.append(one[1])
        found[symmetry] = torch.cat(index), torch.cat(sign)
    return found


def ends(window):
    """The odd part of the correlation of |g| and g^2: which end of a stroke is which."""
    a = torch.fft.rfft2(window.abs() * HANN) * LOW
    b = torch.fft.rfft2(window * window * HANN) * LOW
    energy = lambda x: (x.abs() ** 2 * TWICE).sum((-2, -1))
    share = neighbour_mean(energy(a) * energy(b)).sqrt()[..., None] / SIDE**2 + 1e-12
    return correlation(1j * neighbour_mean((a * b.conj()).imag), 2) / share


ramp = (1 - torch.cos(math.pi * (torch.arange(STRIDE) + 0.5) / STRIDE)) / 2
flat = torch.cat([ramp, torch.ones(2 * STRIDE), ramp.flip(0)])
TAPER = flat[:, None] * flat[None]
fade = (1 - torch.cos(math.pi * (torch.arange(2 * STRIDE) + 0.5) / STRIDE)) / 2
FADE = fade[:, None] * fade[None]
along = lambda frequencies: 4 * torch.sin(math.pi * frequencies) ** 2
GRADIENTS = along(torch.fft.rfftfreq(SIDE))[None] + along(torch.fft.fftfreq(SIDE))[:, None]


def deconvolve(image, kernels, sigma, regularisation):
    """Deconvolved minus blurry: image [n, 3, h, w], kernels [n, k^2, h/16, w/16], sigma [n, 1, h/16, w/16]."""
    n, channels, height, width = image.shape
    h, w = height // STRIDE, width // STRIDE
    padded = F.pad(image, (MARGIN,) * 4, mode="replicate")
    window = padded.unfold(2, SIDE, STRIDE).unfold(3, SIDE, STRIDE)
    mean = (window * TAPER).sum((-2, -1), keepdim=True) / TAPER.sum()
    spectrum = torch.fft.rfft2((window - mean) * TAPER)
    side = math.isqrt(kernels.shape[1])
    unit = (kernels / kernels.sum(1, keepdim=True)).permute(0, 2, 3, 1).reshape(n, h, w, side, side)
    centred = torch.roll(F.pad(unit, (0, SIDE - side, 0, SIDE - side)), (-(side // 2),) * 2, (-2, -1))
    # blurry(p) = sum of K(d) sharp(p + d): the transfer function is the conjugate of this.
    kernel = torch.fft.rfft2(centred)[:, None]
    doubt = 10 * (sigma.permute(0, 2, 3, 1)[:, None, ..., None] - TYPICAL_SIGMA)
    prior = torch.exp(regularisation[0] + regularisation[1] * doubt) * GRADIENTS
    floor = torch.exp(regularisation[2]) * (GRADIENTS > 1e-9)
    changed = spectrum * (kernel / (kernel.abs() ** 2 + prior + floor) - 1)
    middle = torch.fft.irfft2(changed, s=(SIDE, SIDE))[..., STRIDE:-STRIDE, STRIDE:-STRIDE] * FADE
    cells = middle.permute(0, 1, 4, 5, 2, 3).reshape(n, -1, h * w)
    summed = F.fold(cells, (height + STRIDE, width + STRIDE), 2 * STRIDE, stride=STRIDE)
    return summed[..., STRIDE // 2 : -STRIDE // 2, STRIDE // 2 : -STRIDE // 2]
