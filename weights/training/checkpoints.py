"""Reads and writes safetensors, and the checkpoint of the nets in training."""
import json
import os
import struct

import numpy as np
import torch

TYPES = {"F32": "<f4", "F16": "<f2"}


def read_safetensors(path):
    """Tensors by name, as float32."""
    data = open(path, "rb").read()
    length = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        count = int(np.prod(entry["shape"])) if entry["shape"] else 1
        start = 8 + length + entry["data_offsets"][0]
        values = np.frombuffer(data, TYPES[entry["dtype"]], count, start).astype(np.float32)
        tensors[name] = torch.tensor(values).reshape(entry["shape"])
    return tensors


def write_safetensors(path, tensors, metadata, is_half):
    """Wide values first, then by name, as the project's own writer; replaces the file at once."""
    header, parts, offset = {"__metadata__": {key: str(value) for key, value in metadata.items()}}, [], 0
    for name in sorted(tensors, key=lambda name: (is_half(name), name)):
        dtype = "F16" if is_half(name) else "F32"
        values = tensors[name].detach().float().cpu().numpy().astype(TYPES[dtype])
        part = np.ascontiguousarray(values).tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(tensors[name].shape),
            "data_offsets": [offset, offset + len(part)],
        }
        parts.append(part)
        offset += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".part", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))
    os.replace(path + ".part", path)


def save(path, net, average, progress):
    """A net's state, its average and how far it is, all in half precision where there is more than a row."""
    tensors = {f"net.{name}": value for name, value in net.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    write_safetensors(path, tensors, progress, lambda name: tensors[name].ndim > 1)


def restore(path, net):
    """Loads a net's state; returns its average and the steps and minutes spent, or a fresh start without a file."""
    if not os.path.exists(path):
        return {name: value.detach().clone() for name, value in net.state_dict().items()}, 0, 0.0
    tensors = read_safetensors(path)
    data = open(path, "rb").read(8)
    with open(path, "rb") as file:
        file.seek(8)
        metadata = json.loads(file.read(struct.unpack("<Q", data)[0]))["__metadata__"]
    part = lambda prefix: {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
    net.load_state_dict(part("net."))
    return part("average."), int(metadata["steps"]), float(metadata["minutes"])


def move_average(average, net, step, most):
    """One average of weights throughout: its memory grows with the steps, up to `most`."""
    with torch.no_grad():
        share = 1 - min(most, (1 + step) / (10 + step))
        for name, value in net.state_dict().items():
            average[name].lerp_(value, share)
