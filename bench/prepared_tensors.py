"""Reads prepared data (data/<dataset>/prepared/data.safetensors) without further packages."""

import json
import pathlib
import struct

import numpy as np


def read_tensors(path):
    """The uint8 tensors of a safetensors file, by name."""
    raw = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    body = raw[8 + length :]
    return {
        name: np.frombuffer(body[entry["data_offsets"][0] : entry["data_offsets"][1]], np.uint8).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }
