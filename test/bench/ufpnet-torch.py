"""UFPNet as its paper describes it, in PyTorch, on weights of the published names: the bench's peer.

    python3 ufpnet-torch.py WEIGHTS SIDE THREADS STRIDE [EXPORT.onnx]

Global pooling, noise-free. With EXPORT it is written as ONNX the plain way, and that is all. Otherwise each line on
standard input is a run, answered with its wall and CPU seconds.
"""
import json
import struct
import sys
import time

import torch
from torch.nn import functional as F

path, side, threads, stride = sys.argv[1], *map(int, sys.argv[2:5])
torch.set_num_threads(threads)

with open(path, "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    body = bytearray(file.read())
W = {
    name: torch.frombuffer(body, dtype=torch.float32, offset=about["data_offsets"][0],
                           count=(about["data_offsets"][1] - about["data_offsets"][0]) // 4).reshape(about["shape"])
    for name, about in header.items() if name != "__metadata__"
}


def conv(x, name, stride=1, padding=None, groups=1):
    weight = W[name + ".weight"]
    padding = int(weight.shape[-1]) // 2 if padding is None else padding
    return F.conv2d(x, weight, W.get(name + ".bias"), stride, padding, 1, groups)


def body_of(x, name):
    x = conv(x, name + ".Conv_head")
    for block in ("ResBlock1", "ResBlock2"):
        inner = conv(F.relu(x), f"{name}.{block}.body.1")
        x = x + conv(F.relu(inner), f"{name}.{block}.body.3")
    return F.relu(x)


def ke_net(image):
    root = "kernel_extra."
    skips, x = [], image
    for name in ("Encoding_Block1", "Encoding_Block2"):
        skips.append(body_of(x, root + name))
        x = conv(skips[-1], f"{root}{name}.downsample", stride=2)
    for layer in (0, 2, 4, 6, 8):
        x = F.relu(conv(x, f"{root}Conv_mid.body.{layer}"))
    for i, name in enumerate(("Decoding_Block1", "Decoding_Block2")):
        if stride > 2 - i:
            break
        up = F.conv_transpose2d(x, W[f"{root}{name}.Conv_t.weight"], W[f"{root}{name}.Conv_t.bias"], 2, 1, 1)
        x = body_of(torch.cat([up, skips[1 - i]], 1), root + name)
    tail = lambda name: conv(F.relu(conv(x, f"{root}Conv_tail.{name}.0")), f"{root}Conv_tail.{name}.2")
    return F.softmax(tail("mean"), 1), torch.sigmoid(tail("var")).mean(1, keepdim=True)


def flow(code, sigma):
    z = (code - code.mean(1, keepdim=True)) / code.std(1, keepdim=True)
    z = z * torch.sqrt(1 - sigma * sigma)
    b, channels, h, w = z.shape
    x = z.permute(0, 2, 3, 1).reshape(-1, channels)
    for i in range(8, -1, -2):
        norm, net = f"flow.net.{i + 1}.", f"flow.net.{i}."
        spread = torch.sqrt(W[norm + "running_var"] + 1e-5)
        x = (x - W[norm + "beta"]) * torch.exp(-W[norm + "log_gamma"]) * spread + W[norm + "running_mean"]
        mask = W[net + "mask"]
        kept = x * mask

        def perceptron(name, activation):
            y = kept
            for layer in (0, 2, 4):
                y = F.linear(y, W[f"{net}{name}.{layer}.weight"], W[f"{net}{name}.{layer}.bias"])
                y = activation(y) if layer < 4 else y
            return y

        s, t = perceptron("s_net", torch.tanh), perceptron("t_net", F.relu)
        x = kept + (1 - mask) * (x * torch.exp(s) + t)
    alpha = W["flow.alpha"]
    x = W["flow.normalization"] * (torch.sigmoid(x) - alpha) / (1 - 2 * alpha)
    return x.reshape(b, h, w, channels).permute(0, 3, 1, 2)


def attend(x, kernels, name):
    f = F.gelu(conv(x, name + ".conv_1.0"))
    g = F.gelu(conv(F.gelu(conv(kernels, name + ".conv_kernel.0")), name + ".conv_kernel.2"))
    factor = int(f.shape[-1]) // int(g.shape[-1])
    if factor > 1:
        g = F.interpolate(g, scale_factor=factor, mode="nearest")
    return x + f * torch.sigmoid(conv(torch.cat([f, g], 1), name + ".conv_2.0"))


def norm(x, name):
    w, b = W[name + ".weight"], W[name + ".bias"]
    return F.layer_norm(x.permute(0, 2, 3, 1), list(map(int, w.shape)), w, b, 1e-6).permute(0, 3, 1, 2)


def gate(x):
    a, b = x.chunk(2, 1)
    return a * b


def block(x, name, kernels=None):
    attended = x if kernels is None else attend(x, kernels, name + ".kernel_atttion")
    a = conv(norm(attended, name + ".norm1"), name + ".conv1")
    a = gate(conv(a, name + ".conv2", groups=int(a.shape[1])))
    a = a * conv(F.adaptive_avg_pool2d(a, 1), name + ".sca.1")
    y = x + conv(a, name + ".conv3") * W[name + ".beta"]
    f = gate(conv(norm(y, name + ".norm2"), name + ".conv4"))
    return y + conv(f, name + ".conv5") * W[name + ".gamma"]


def count(of):
    return len({name.split(".")[1] for name in W if name.startswith(of + ".")})


def blocks(of, i):
    return len({name.split(".")[2] for name in W if name.startswith(f"{of}.{i}.")})


def restore(image, kernels):
    x, skips = conv(image, "intro"), []
    for i in range(count("encoders")):
        aware = blocks("encoders", i) == 1
        for j in range(blocks("encoders", i)):
            x = block(x, f"encoders.{i}.{j}", kernels if aware else None)
        if aware and f"kernel_down.{i}.weight" in W and 2**i >= stride and blocks("encoders", i + 1) == 1:
            kernels = conv(kernels, f"kernel_down.{i}", stride=2, padding=0)
        skips.append(x)
        x = conv(x, f"downs.{i}", stride=2, padding=0)
    for j in range(count("middle_blks")):
        x = block(x, f"middle_blks.{j}")
    for i in range(count("decoders")):
        x = F.pixel_shuffle(conv(x, f"ups.{i}.0"), 2) + skips[-1 - i]
        for j in range(blocks("decoders", i)):
            x = block(x, f"decoders.{i}.{j}")
    return conv(x, "ending")


class Net(torch.nn.Module):
    def forward(self, image):
        return restore(image, flow(*ke_net(image)))


net = Net().eval()
image = ((torch.arange(3 * side * side) % 251) / 251).reshape(1, 3, side, side)
with torch.no_grad():
    if len(sys.argv) > 5:
        torch.onnx.export(net, image, sys.argv[5], input_names=["image"], output_names=["residual"], opset_version=16)
        sys.exit()
    net(image)
    print(torch.__version__, flush=True)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        net(image)
        print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)
