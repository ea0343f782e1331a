#!/usr/bin/python3
"""Makes the fixtures of this folder as Python's own writers would: tarfile, numpy, torch.save."""

import gzip
import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

OUT = Path(__file__).parent
AUGMENTATIONS = [[[1, 2, 10, 12], [[0, 0.0], [6, 0.26999998092651367]]],
                 [[0, 0, 16, 16], [[2, -0.09000000357627869], None]], [None, None]]


def values(rows, cols, start):
    return (np.arange(rows * cols, dtype=np.float32).reshape(rows, cols) + start) / 64


def png(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def pth_gz(**arrays):
    buffer = io.BytesIO()
    torch.save({k: torch.from_numpy(v).to(torch.bfloat16) for k, v in arrays.items()}, buffer)
    return gzip.compress(buffer.getvalue(), mtime=0)


def dump(value):
    return json.dumps(value).encode()


def shard(name, samples, **options):
    with tarfile.open(OUT / name, "w", **options) as archive:
        for key, members in samples:
            for extension in sorted(members):
                info = tarfile.TarInfo(f"{key}.{extension}")
                info.size, info.mode, info.mtime = len(members[extension]), 0o444, 1.5
                info.uname = info.gname = "bigdata"
                archive.addfile(info, io.BytesIO(members[extension]))


def main():
    base = {"png": png(1), "txt": b"a red ball", "url.txt": b"http://example.org/a.png",
            "syn.json": dump({"syn_text": ["a ball", "one red ball"]}),
            "paug.json": dump({"param_aug": AUGMENTATIONS}), "json": dump({"uid": "u1"})}
    joint = dict(base, npz=npz(image_emb=values(3, 4, 0), text_emb=values(3, 4, 100)))
    split = dict(base, npz=npz(image_emb=values(3, 4, 0), text_emb=values(1, 4, 100),
                               syn_text_emb=values(2, 4, 200)))
    half = dict(base, **{"pth.gz": pth_gz(image_emb=values(3, 4, 0), text_emb=values(1, 4, 100),
                                          syn_text_emb=values(2, 4, 200))})
    both = dict(split, **{"pth.gz": pth_gz(image_emb=values(3, 4, 9), text_emb=values(1, 4, 9))})
    text = dict(joint, **{"paug.json": dump({"param_aug": json.dumps(AUGMENTATIONS)})})
    bare = {k: v for k, v in joint.items() if k not in ("png", "txt")}
    wrong = dict(split, npz=npz(image_emb=values(2, 4, 0), text_emb=values(1, 4, 0),
                                syn_text_emb=values(2, 4, 0)))
    samples = [("joint", joint), ("split", split), ("half", half), ("both", both), ("text", text),
               ("bare", bare), ("wrong", wrong), ("folder/" + "long-name-" * 20, base)]
    shard("pax.tar", samples, format=tarfile.PAX_FORMAT)
    shard("gnu.tar", samples, format=tarfile.GNU_FORMAT)


def read(path):
    """Prints what Python sees of a shard of ours: one JSON object a record."""
    records = {}
    with tarfile.open(path) as archive:
        for member in archive:
            key, extension = member.name.split(".", 1)
            records.setdefault(key, {})[extension] = archive.extractfile(member).read()
    for key, members in records.items():
        out = {"key": key, "txt": members["txt"].decode(), "syn": json.loads(members["syn.json"]),
               "aug": json.loads(members["paug.json"])["param_aug"]}
        if "npz" in members:
            arrays = dict(np.load(io.BytesIO(members["npz"])))
        else:
            data = gzip.decompress(members["pth.gz"])
            arrays = {k: v.float().numpy() for k, v in torch.load(io.BytesIO(data)).items()}
        out["arrays"] = {k: [list(v.shape), float(v.sum())] for k, v in sorted(arrays.items())}
        print(json.dumps(out))


if __name__ == "__main__":
    read(sys.argv[1]) if len(sys.argv) > 1 else main()
