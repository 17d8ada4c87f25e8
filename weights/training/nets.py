"""UFPNet on spectra as in src/model/nets: KE-Net, flow, NAFNet with kernel attention. State names are the published ones."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from spectra import FEATURES, features


class Block(nn.Module):
    """x + reduce(gelu(expand(depthwise(x)))), at first x."""

    def __init__(self, channels):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.reduce = nn.Conv2d(2 * channels, channels, 1)
        nn.init.zeros_(self.reduce.weight)
        nn.init.zeros_(self.reduce.bias)

    def forward(self, x):
        return x + self.reduce(F.gelu(self.expand(self.depthwise(x))))


class SpectralKeNet(nn.Module):
    """Features, standardised by fixed numbers that `export` folds into the first layer -> code, sigma."""

    def __init__(self, width=288, taps=361, blocks=2):
        super().__init__()
        self.register_buffer("mean_of_features", torch.zeros(FEATURES))
        self.register_buffer("deviation", torch.ones(FEATURES))
        self.head = nn.Conv2d(FEATURES, width, 1)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(blocks)])
        self.mean, self.var = nn.Conv2d(width, taps, 1), nn.Conv2d(width, 1, 1)
        nn.init.zeros_(self.var.weight)
        nn.init.constant_(self.var.bias, 0.3)

    def forward(self, x):
        x = (x - self.mean_of_features.view(1, -1, 1, 1)) / self.deviation.view(1, -1, 1, 1)
        x = self.blocks(F.gelu(self.head(x)))
        return self.mean(x), torch.sigmoid(self.var(x))


class Coupling(nn.Module):
    def __init__(self, taps, hidden):
        super().__init__()
        self.register_buffer("mask", torch.zeros(taps))
        net = lambda act: nn.Sequential(
            nn.Linear(taps, hidden), act(), nn.Linear(hidden, hidden), act(), nn.Linear(hidden, taps)
        )
        self.s_net, self.t_net = net(nn.Tanh), net(nn.ReLU)

    def inverse(self, u):
        kept = u * self.mask
        return kept + (1 - self.mask) * (u * self.s_net(kept).exp() + self.t_net(kept))


class FlowNorm(nn.Module):
    def __init__(self, taps):
        super().__init__()
        for name in ("log_gamma", "beta", "running_mean", "running_var"):
            self.register_buffer(name, torch.zeros(taps))

    def inverse(self, y):
        return (y - self.beta) * torch.exp(-self.log_gamma) * torch.sqrt(self.running_var + 1e-5) + self.running_mean


class Flow(nn.Module):
    """The inverse of the flow prior, frozen: codes [n, k^2] -> kernels."""

    def __init__(self, taps=361, blocks=5, hidden=25):
        super().__init__()
        self.register_buffer("alpha", torch.zeros(1))
        self.register_buffer("normalization", torch.zeros(1))
        self.net = nn.ModuleList([layer for _ in range(blocks) for layer in (Coupling(taps, hidden), FlowNorm(taps))])

    def forward(self, u):
        for layer in reversed(self.net):
            u = layer.inverse(u)
        return (torch.sigmoid(u) - self.alpha) / (1 - 2 * self.alpha) * self.normalization


def load_flow(weights):
    flow = Flow()
    flow.load_state_dict({name: weights[f"flow.{name}"] for name in flow.state_dict()})
    return flow.requires_grad_(False).eval()


def decode(flow, code, sigma):
    """sqrt(1 - sigma^2) times the standardised code, through the flow, mean over 3x3 cells: kernels [n, k^2, h, w]."""
    n, taps, h, w = code.shape
    z = (code - code.mean(1, keepdim=True)) / (code.std(1, keepdim=True) + 1e-6)
    z = (z * torch.sqrt(1 - sigma * sigma)).permute(0, 2, 3, 1).reshape(-1, taps)
    kernels = flow(z).reshape(n, h, w, taps).permute(0, 3, 1, 2)
    return F.avg_pool2d(kernels, 3, 1, 1, count_include_pad=False)


def estimate(ke_net, flow, image):
    """Kernels and sigma of an image whose sides are multiples of 16."""
    code, sigma = ke_net(features(image))
    return decode(flow, code, sigma), sigma


class Norm(nn.Module):
    """Layer norm over channels."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return F.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, 1e-6).permute(0, 3, 1, 2)


class Attention(nn.Module):
    """KAM: A f + x, with A from features and kernels; those of 16x16 pixels are interpolated linearly."""

    def __init__(self, taps, channels):
        super().__init__()
        conv = lambda into: nn.Conv2d(into, channels, 3, padding=1)
        self.conv_1 = nn.Sequential(conv(channels), nn.GELU())
        self.conv_kernel = nn.Sequential(conv(taps), nn.GELU(), conv(channels), nn.GELU())
        self.conv_2 = nn.Sequential(conv(2 * channels), nn.Sigmoid())

    def forward(self, x, kernels):
        f, g = self.conv_1(x), self.conv_kernel(kernels)
        g = F.interpolate(g, size=f.shape[-2:], mode="bilinear", align_corners=False)
        return f * self.conv_2(torch.cat([f, g], 1)) + x


class LocalPool(nn.Module):
    """TLC: the mean over a window, or over the whole map for `window` None (training)."""

    def __init__(self):
        super().__init__()
        self.window = None

    def forward(self, x):
        height, width = x.shape[-2:]
        a, b = min(self.window or height, height), min(self.window or width, width)
        if (a, b) == (height, width):
            return x.mean((2, 3), keepdim=True)
        sums = F.pad(x.double().cumsum(2).cumsum(3), (1, 0, 1, 0))
        means = (sums[..., a:, b:] - sums[..., :-a, b:] - sums[..., a:, :-b] + sums[..., :-a, :-b]) / (a * b)
        down, across = height - means.shape[2], width - means.shape[3]
        around = (across // 2, across - across // 2, down // 2, down - down // 2)
        return F.pad(means.float(), around, mode="replicate")


class NafBlock(nn.Module):
    def __init__(self, c, taps=None):
        super().__init__()
        self.conv1, self.conv3 = nn.Conv2d(c, 2 * c, 1), nn.Conv2d(c, c, 1)
        self.conv2 = nn.Conv2d(2 * c, 2 * c, 3, padding=1, groups=2 * c)
        self.sca = nn.Sequential(LocalPool(), nn.Conv2d(c, c, 1))
        self.conv4, self.conv5 = nn.Conv2d(c, 2 * c, 1), nn.Conv2d(c, c, 1)
        self.norm1, self.norm2 = Norm(c), Norm(c)
        self.beta, self.gamma = nn.Parameter(torch.zeros(1, c, 1, 1)), nn.Parameter(torch.zeros(1, c, 1, 1))
        if taps:
            self.kernel_atttion = Attention(taps, c)

    def forward(self, x, kernels=None):
        attended = x if kernels is None else self.kernel_atttion(x, kernels)
        a, b = self.conv2(self.conv1(self.norm1(attended))).chunk(2, 1)
        y = x + self.conv3(a * b * self.sca(a * b)) * self.beta
        a, b = self.conv4(self.norm2(y)).chunk(2, 1)
        return y + self.conv5(a * b) * self.gamma


class Restorer(nn.Module):
    """NAFNet that sees [blurry, change] and the kernels; adds the learnt share `mix` of the change."""

    def __init__(self, width=16, encoders=(1, 1, 1, 28), middle=1, decoders=(1, 1, 1, 1), taps=361, patch=128):
        super().__init__()
        self.patch, self.attended = patch, [count == 1 for count in encoders]
        self.intro, self.ending = nn.Conv2d(6, width, 3, padding=1), nn.Conv2d(width, 3, 3, padding=1)
        self.encoders, self.downs, self.decoders, self.ups = (nn.ModuleList() for _ in range(4))
        c = width
        for count in encoders:
            self.encoders.append(nn.ModuleList([NafBlock(c, taps if count == 1 else None) for _ in range(count)]))
            self.downs.append(nn.Conv2d(c, 2 * c, 2, 2))
            c *= 2
        self.middle_blks = nn.Sequential(*[NafBlock(c) for _ in range(middle)])
        for count in decoders:
            self.ups.append(nn.Sequential(nn.Conv2d(c, 2 * c, 1, bias=False), nn.PixelShuffle(2)))
            c //= 2
            self.decoders.append(nn.Sequential(*[NafBlock(c) for _ in range(count)]))
        self.mix = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.regularisation = nn.Parameter(torch.tensor([math.log(0.01), 0.0, math.log(0.003)]))

    def forward(self, blurry, kernels, change):
        """Restored, [n, 3, h, w]."""
        x, skips = self.intro(torch.cat([blurry, change], 1)), []
        for blocks, down, attended in zip(self.encoders, self.downs, self.attended):
            for block in blocks:
                x = block(x, kernels if attended else None)
            skips.append(x)
            x = down(x)
        x = self.middle_blks(x)
        for blocks, up, skip in zip(self.decoders, self.ups, reversed(skips)):
            x = blocks(up(x) + skip)
        return blurry + self.ending(x) + self.mix * change

    def pool_locally(self, local):
        """Windows of 1.5 patches, scaled to the level (TLC), or the whole map."""
        levels = len(self.encoders)
        sets = [(blocks, i) for i, blocks in enumerate(self.encoders)] + [(self.middle_blks, levels)]
        sets += [(blocks, levels - 1 - i) for i, blocks in enumerate(self.decoders)]
        for blocks, level in sets:
            for block in blocks:
                block.sca[0].window = max(1, int(1.5 * self.patch) // 2**level) if local else None
        return self

    def start_from(self, weights):
        """The tensors of a restorer without change, whose intro has three inputs."""
        own = self.state_dict()
        for name, value in own.items():
            if name == "intro.weight" and weights[name].shape[1] == 3:
                value.zero_()[:, :3] = weights[name]
            elif name in weights:
                value.copy_(weights[name])
        return self
