"""
Writes test/fixtures/spectral-micro-k7.{weights,outputs}.safetensors: a tiny net with random weights, and what it
computes in float64 for one image.

    BUNDLED=… SKIMAGE_DATA=… python weights/training/fixture.py
"""
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

import nets
import spectra
from checkpoints import read_safetensors, write_safetensors

TAPS = 49
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../test/fixtures/")


def in_float64():
    """The constants of spectra.py anew: rounding to float32 would show."""
    torch.set_default_dtype(torch.float64)
    import importlib

    importlib.reload(spectra)
    importlib.reload(nets)


def main():
    micro = read_safetensors(FOLDER + "ufpnet-micro-k7.weights.safetensors")
    in_float64()
    torch.manual_seed(5)
    ke_net, net = nets.SpectralKeNet(8, TAPS), nets.Restorer(4, (1, 1, 1, 2), taps=TAPS, patch=64)
    flow = nets.Flow(TAPS)
    rounded = lambda value: value.half().double() if value.ndim > 1 else value.double()
    flow.load_state_dict({name: rounded(micro[f"flow.{name}"]) for name in flow.state_dict()})
    for module in (ke_net, net):
        for name, value in module.named_parameters():
            with torch.no_grad():
                small = value.ndim > 1 and value[0].numel() >= 60
                value.normal_(0, 0.06 if small else 0.25) if value.ndim > 1 else value.add_(torch.randn_like(value) * 0.1)
                value.copy_(rounded(value))
    with torch.no_grad():
        ke_net.head.weight.copy_(rounded(ke_net.head.weight / 3))
        net.regularisation.copy_(torch.tensor([math.log(0.02), 0.3, math.log(0.004)]).float().double())
    path = os.environ["SKIMAGE_DATA"] + "/coffee.png"
    crop = np.array(Image.open(path).convert("RGB"))[200:264, 150:230].transpose(2, 0, 1)
    image = torch.tensor(crop.copy()).double()[None] / 255
    image = F.avg_pool2d(F.pad(image, (1, 1, 0, 0), mode="replicate"), (1, 3), stride=1).float().double()
    with torch.no_grad():
        features = spectra.features(image)
        code, sigma = ke_net(features)
        kernels = nets.decode(flow, code, sigma)
        change = spectra.deconvolve(image, kernels, sigma, net.regularisation)
        residual = net(image, kernels, change) - image
    tensors = {f"kernel_extra.Spectral.{name}": value for name, value in ke_net.state_dict().items()}
    tensors = {name: value for name, value in tensors.items() if not name.endswith(("mean_of_features", "deviation"))}
    tensors |= {f"flow.{name}": value for name, value in flow.state_dict().items()}
    tensors |= {"deconvolution.regularisation" if name == "regularisation" else name: value for name, value in net.state_dict().items()}
    settings = {"width": 4, "ke_base": 8, "enc_blk_nums": "[1,1,1,2]", "middle_blk_num": 1, "dec_blk_nums": "[1,1,1,1]"}
    settings |= {"kernel_size": 7, "kernel_stride": 16, "ke_features": "spectra", "deconvolution": "true", "train_patch": 64}
    write_safetensors(FOLDER + "spectral-micro-k7.weights.safetensors", tensors, settings, lambda name: tensors[name].ndim > 1)
    outputs = {"image": image, "features": features[:, :, 1:2, ::2], "code": code, "sigma": sigma}
    outputs |= {"kernels": kernels, "change": change, "residual": residual}
    write_safetensors(FOLDER + "spectral-micro-k7.outputs.safetensors", outputs, {}, lambda name: False)


if __name__ == "__main__":
    main()
