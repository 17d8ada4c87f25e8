"""
Writes weights of the project from the folder of a training run.

    python export.py FOLDER OUT.safetensors

Without restorer.safetensors in FOLDER the bundled restorer is kept; it then ignores the deconvolved image.
"""
import math
import os
import sys

import torch

from checkpoints import read_safetensors, write_safetensors
from measure import load
from nets import Restorer, SpectralKeNet

SETTINGS = {
    "width": 16,
    "ke_base": 288,
    "enc_blk_nums": "[1,1,1,28]",
    "middle_blk_num": 1,
    "dec_blk_nums": "[1,1,1,1]",
    "kernel_size": 19,
    "kernel_stride": 16,
    "ke_features": "spectra",
    "deconvolution": "true",
    "train_patch": 128,
}


def kernel_tensors(net):
    """The fixed numbers that standardise features go into the first layer."""
    state = {name: value.double() for name, value in net.state_dict().items()}
    mean, deviation = state.pop("mean_of_features"), state.pop("deviation")
    weight = state["head.weight"]
    state["head.bias"] = state["head.bias"] - (weight[:, :, 0, 0] * (mean / deviation)).sum(1)
    state["head.weight"] = weight / deviation.view(1, -1, 1, 1)
    return {f"kernel_extra.Spectral.{name}": value for name, value in state.items()}


def main(folder, out):
    bundled = read_safetensors(os.environ.get("BUNDLED", "weights/ufpnet-lite.safetensors"))
    tensors = kernel_tensors(load(SpectralKeNet(), f"{folder}/kernels.safetensors")[0])
    tensors |= {name: value for name, value in bundled.items() if name.startswith("flow.")}
    trained = f"{folder}/restorer.safetensors"
    net = load(Restorer(), trained)[0] if os.path.exists(trained) else Restorer().start_from(bundled)
    for name, value in net.state_dict().items():
        tensors["deconvolution.regularisation" if name == "regularisation" else name] = value
    is_half = lambda name: tensors[name].ndim > 1 and not name.startswith("flow.")
    too_large = [name for name in tensors if is_half(name) and float(tensors[name].abs().max()) > 6e4]
    if too_large:
        raise SystemExit(f"expected values of F16 but found larger ones in {', '.join(too_large)}")
    write_safetensors(out, tensors, SETTINGS, is_half)


if __name__ == "__main__":
    main(*sys.argv[1:])
