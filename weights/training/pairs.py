"""Makes pairs: photographs blurred by simulated kernels, and crops of real pairs. Also reads sets to measure on."""
import glob
import io
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from spectra import STRIDE

SIDE, TAPS = 19, 361
# The last kernels of the bank are for measuring only.
HELD_BACK = 1000
FOLDER = os.environ.get("DATA", "data")


def read_image(path):
    return torch.from_numpy(np.array(Image.open(path).convert("RGB")).transpose(2, 0, 1).copy())


def read_bank(path):
    kernels = np.load(path)["kernels"].astype(np.float32)
    return torch.tensor(kernels / kernels.sum((1, 2), keepdims=True))


def warp(kernels, matrix):
    """Kernels under a 2x2 map of coordinates, supersampled so that thin strokes keep their mass."""
    theta = torch.zeros(len(kernels), 2, 3)
    theta[:, :, :2] = matrix
    grid = F.affine_grid(theta, (len(kernels), 1, 3 * SIDE, 3 * SIDE), align_corners=False)
    warped = F.avg_pool2d(F.grid_sample(kernels[:, None], grid, align_corners=False), 3)[:, 0]
    return warped / warped.sum((1, 2), keepdim=True)


def lines(count, random):
    """Straight strokes of 1 to 17 pixels, anti-aliased."""
    kernels = np.zeros((count, SIDE, SIDE), np.float32)
    length, angle = random.uniform(1, 17, count), random.uniform(0, np.pi, count)
    along = np.linspace(-0.5, 0.5, 200)
    x = np.cos(angle)[:, None] * length[:, None] * along + SIDE // 2
    y = np.sin(angle)[:, None] * length[:, None] * along + SIDE // 2
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, down, index = x - left, y - top, np.repeat(np.arange(count)[:, None], 200, 1)
    for dy, dx, share in (
        (0, 0, (1 - down) * (1 - right)),
        (0, 1, (1 - down) * right),
        (1, 0, down * (1 - right)),
        (1, 1, down * right),
    ):
        np.add.at(kernels, (index, top + dy, left + dx), share)
    return torch.tensor(kernels / kernels.sum((1, 2), keepdims=True))


class Pairs:
    def __init__(self, seed, small_share=0.3):
        self.random, self.noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        self.photographs = [read_image(path) for path in sorted(glob.glob(f"{FOLDER}/train/*.jpg"))]
        sharp = sorted(glob.glob(f"{FOLDER}/pairs-train/**/sharp/*", recursive=True))
        self.real = [(path, read_image(path), read_image(path.replace("/sharp/", "/blur/"))) for path in sharp]
        bank, fixed = read_bank(f"{FOLDER}/kernels/bank19.npz")[:-HELD_BACK], np.random.default_rng(1)
        shrunk = lambda count, size: warp(bank[torch.tensor(fixed.permutation(len(bank))[:count])], torch.eye(2) / size)
        self.large = torch.cat([bank, *[shrunk(2500, size) for size in (0.5, 0.65, 0.8)], lines(5000, fixed)])
        self.small = torch.cat([shrunk(1500, size) for size in (0.2, 0.3, 0.4)])
        self.none = torch.zeros(SIDE, SIDE)
        self.none[SIDE // 2, SIDE // 2] = 1
        self.small_share = small_share

    def chance(self, share):
        return self.random.random() < share

    def symmetric(self, *images):
        """One of the eight symmetries, the same for all images."""
        if self.chance(0.5):
            images = [image.flip(-1) for image in images]
        if self.chance(0.5):
            images = [image.flip(-2) for image in images]
        if self.chance(0.5):
            images = [image.transpose(-1, -2) for image in images]
        return images

    def crop(self, side, *images, reduce=1):
        """The same crop of all images, reduced by averaging; None if they are too small."""
        height, width = images[0].shape[1:]
        size = side * reduce
        if min(height, width) < size:
            return None
        y, x = self.random.integers(height - size + 1), self.random.integers(width - size + 1)
        crops = [image[:, y : y + size, x : x + size].float() / 255 for image in images]
        return self.symmetric(*[F.avg_pool2d(crop, reduce) if reduce > 1 else crop for crop in crops])

    def photograph(self, side):
        while True:
            image = self.photographs[self.random.integers(len(self.photographs))]
            found = self.crop(side, image, reduce=int(self.random.choice([1, 2])))
            # Few flat ones: they teach little.
            if found and (found[0].mean(0).std() > 0.03 or self.chance(0.1)):
                return found[0]

    def kernel(self):
        chosen = self.random.random()
        if chosen < 0.06:
            return self.none
        bank = self.small if chosen < 0.06 + self.small_share else self.large
        return self.symmetric(bank[int(self.random.integers(len(bank)))])[0]

    def kernels_of_a_field(self):
        """Kernels to mix, and how sharply: one; or one turned and scaled (camera rotation); or different ones."""
        chosen, count = self.random.random(), int(self.random.choice([2, 3]))
        if chosen < 0.5:
            return [self.kernel()], 0
        if chosen < 0.8:
            first, alike = self.kernel(), []
            for _ in range(count):
                turn, size = self.random.uniform(-0.5, 0.5), self.random.uniform(0.7, 1.05)
                c, s = math.cos(turn) / size, math.sin(turn) / size
                alike.append(warp(first[None], torch.tensor([[c, -s], [s, c]]))[0])
            return alike, float(self.random.choice([1.0, 2.0]))
        return [self.kernel() for _ in range(count)], float(self.random.choice([1.5, 4, 30]))

    def simulated(self, side):
        """Sharp and blurry [3, side, side], and the kernels at the cells' centres [k^2, side/16, side/16]."""
        image, gamma = self.photograph(side + SIDE - 1), 2.2 if self.chance(0.5) else 1.0
        light = image**gamma * (self.random.uniform(1.1, 1.8) if self.chance(0.15) else 1)
        size = side + 2 * (SIDE - 1)
        spectrum = torch.fft.rfft2(light, s=(size, size))
        blur = lambda k: torch.fft.irfft2(spectrum * torch.fft.rfft2(k, s=(size, size)).conj(), s=(size, size))[:, :side, :side]
        kernels, sharpness = self.kernels_of_a_field()
        places = torch.randn(1, len(kernels), 3, 3, generator=self.noise)
        places = F.interpolate(places, size=(side, side), mode="bicubic", align_corners=False)
        shares = torch.softmax(places * sharpness, 1)[0]
        blurry = sum(blur(kernel) * share for kernel, share in zip(kernels, shares))
        at_cells = F.avg_pool2d(shares[None], STRIDE)[0]
        field = torch.einsum("mhw,ml->lhw", at_cells, torch.stack(kernels).reshape(-1, TAPS))
        margin = SIDE // 2
        sharp = light[:, margin:-margin, margin:-margin].clamp(0, 1) ** (1 / gamma)
        return sharp, self.stored(self.noisy(blurry.clamp(0, 1) ** (1 / gamma))), field

    def beyond(self, side):
        """An image blurred by strokes that no kernel of 19 pixels holds; its field is zero, which means unknown."""
        reach = int(self.random.integers(24, 64))
        image = self.photograph(side + reach)
        size, angle = side + 2 * reach, self.random.uniform(0, math.pi)
        along = torch.linspace(-0.5, 0.5, 8 * reach)
        bend = self.random.uniform(-0.4, 0.4) * (along * along - 0.1)
        y = ((along * math.sin(angle) + bend * math.cos(angle)) * (reach - 2) + reach / 2).round().long().clamp(0, reach)
        x = ((along * math.cos(angle) - bend * math.sin(angle)) * (reach - 2) + reach / 2).round().long().clamp(0, reach)
        kernel = torch.zeros(reach + 1, reach + 1).index_put((y, x), torch.ones(len(y)), accumulate=True) / len(y)
        spectrum = torch.fft.rfft2(image, s=(size, size)) * torch.fft.rfft2(kernel, s=(size, size)).conj()
        blurry = torch.fft.irfft2(spectrum, s=(size, size))[:, :side, :side]
        return None, self.stored(self.noisy(blurry)), torch.zeros(TAPS, side // STRIDE, side // STRIDE)

    def noisy(self, image):
        chosen = self.random.random()
        if chosen > 0.8:
            return image
        deviation = self.random.uniform(0, 0.012) if chosen < 0.7 else self.random.uniform(0.01, 0.03)
        noise = torch.randn(image.shape, generator=self.noise) * deviation
        if self.chance(0.3):  # with grain, as after a camera's own denoising
            noise = F.avg_pool2d(F.pad(noise[None], (1, 1, 1, 1), mode="reflect"), 3, 1)[0] * 1.7
        return image + noise

    def stored(self, image):
        """Eight bits, some through a JPEG file."""
        levels = (image.clamp(0, 1) * 255).round()
        if self.chance(0.3):
            file = io.BytesIO()
            settings = {"quality": int(self.random.integers(60, 96)), "subsampling": int(self.random.choice([0, 2]))}
            Image.fromarray(levels.permute(1, 2, 0).numpy().astype(np.uint8)).save(file, "JPEG", **settings)
            levels = read_image(file).float()
        return levels / 255

    def real_pair(self, side):
        """Sharp and blurry crops of a real pair, reduced by 1 to 3."""
        while True:
            path, sharp, blurry = self.real[self.random.integers(len(self.real))]
            reduce = int(self.random.choice([1, 2] if "240fps" in path else [1, 2, 3]))
            found = self.crop(side, sharp, blurry, reduce=reduce)
            if found:
                return found


def measured_pairs(name):
    """Sharp and blurry images of a folder of pairs to measure on, 0..1."""
    paths = sorted(glob.glob(f"{FOLDER}/pairs-dev/{name}/sharp/*"))
    read = lambda path: read_image(path).float() / 255
    return [(read(path), read(path.replace("/sharp/", "/blur/"))) for path in paths]


def simulated_set():
    """20 crops of 256x256 of scikit-image's photographs with held-back kernels, half in linear light."""
    folder = os.environ["SKIMAGE_DATA"]
    names = [name for name in ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg") for _ in (0, 1)]
    names += ["motorcycle_left.png"] * 3
    names += ["motorcycle_right.png", "coins.png", "brick.png", "gravel.png", "ihc.png", "hubble_deep_field.jpg", "moon.png"]
    random, bank, pairs = np.random.default_rng(20261130), read_bank(f"{FOLDER}/kernels/bank19.npz")[-HELD_BACK:], []
    for i, name in enumerate(names):
        image = np.array(Image.open(f"{folder}/{name}").convert("RGB"))
        for _ in range(200):
            y, x = random.integers(0, image.shape[0] - 273), random.integers(0, image.shape[1] - 273)
            crop = image[y : y + 274, x : x + 274].astype(np.float32) / 255
            if crop.mean(2).std() > 0.08 or name in ("brick.png", "gravel.png", "moon.png"):
                break
        kernel, gamma = bank[random.integers(HELD_BACK)], 1.0 if i % 2 == 0 else 2.2
        sharp = torch.tensor(crop).permute(2, 0, 1)
        blurry = F.conv2d((sharp**gamma)[:, None], kernel[None, None])[:, 0].clamp_min(0) ** (1 / gamma)
        blurry = blurry + 0.01 * torch.tensor(random.standard_normal(blurry.shape).astype(np.float32))
        pairs.append((sharp[:, 9:-9, 9:-9], (blurry.clamp(0, 1) * 255).round() / 255, kernel))
    return pairs
