#!/usr/bin/python3
"""Accuracy of a model on splits of the emoji shards, beside a baseline that knows nothing.

    report.py --program build/release/mobileclip --model FILE --split DIR... [--train DIR] [--json]

The class of a picture is its name among all names of the split; recalls are over the same names and
pictures. The baseline names each picture as its nearest neighbour among the training pictures by
8 x 8 mean colours.
"""

import argparse
import io
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image


def samples(folder):
    """(key, png bytes, caption) of all shards of a folder."""
    for shard in sorted(Path(folder).glob("*.tar")):
        parts = {}
        with tarfile.open(shard) as archive:
            for member in archive:
                key, extension = member.name.split(".", 1)
                if extension in ("png", "txt"):
                    parts.setdefault(key, {})[extension] = archive.extractfile(member).read()
        for key, part in parts.items():
            yield key, part["png"], part["txt"].decode()


def embed(program, model, kind, path, out):
    words = [program, "embed", "-m", model, "--batch", "64", "--output", str(out), kind, str(path)]
    if subprocess.run(words).returncode != 0:
        raise SystemExit("report: embedding failed")
    return np.load(out)


def hits(scores, good, k):
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float(np.take_along_axis(good, best, 1).any(1).mean())


def thumbnail(png):
    image = Image.open(io.BytesIO(png)).convert("RGB").resize((8, 8), Image.BOX)
    return np.asarray(image, np.float32).ravel()


def known_pictures(train):
    """Thumbnails and captions of the training pictures."""
    known = [(thumbnail(png), caption) for _, png, caption in samples(train)]
    return np.stack([k[0] for k in known]), [k[1] for k in known]


def baseline(known, rows, names):
    """Top-1 and top-5 of the names of the nearest training pictures."""
    pictures, captions = known
    squares = (pictures ** 2).sum(1)
    top = {1: 0, 5: 0}
    for _, png, caption in rows:
        x = thumbnail(png)
        order = np.argsort(squares - 2 * pictures @ x, kind="stable")
        nearest = []
        for index in order:
            if captions[index] in names and captions[index] not in nearest:
                nearest.append(captions[index])
            if len(nearest) == 5:
                break
        top[1] += caption == nearest[0]
        top[5] += caption in nearest
    return top[1] / len(rows), top[5] / len(rows)


def report(program, model, split, known):
    rows = sorted(samples(split))
    names = sorted({row[2] for row in rows})
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "pictures").mkdir()
        for index, (_, png, _) in enumerate(rows):
            (folder / "pictures" / f"{index:06}.png").write_bytes(png)
        (folder / "names.txt").write_text("\n".join(names) + "\n")
        image = embed(program, model, "--images", folder / "pictures", folder / "i.npy")
        text = embed(program, model, "--text-file", folder / "names.txt", folder / "t.npy")
    scores = image @ text.T
    good = np.array([[row[2] == name for name in names] for row in rows])
    out = {"split": Path(split).name, "images": len(rows), "classes": len(names),
           "top1": hits(scores, good, 1), "top5": hits(scores, good, 5),
           "text_to_image_r1": hits(scores.T, good.T, 1),
           "text_to_image_r5": hits(scores.T, good.T, 5)}
    if known is not None:
        out["baseline_top1"], out["baseline_top5"] = baseline(known, rows, set(names))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--split", required=True, nargs="+")
    parser.add_argument("--train")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    known = known_pictures(arguments.train) if arguments.train else None
    for split in arguments.split:
        out = report(arguments.program, arguments.model, split, known)
        if arguments.json:
            print(json.dumps(out))
            continue
        for name, value in out.items():
            print(f"{name:18} {f'{100 * value:.2f} %' if isinstance(value, float) else value}")


if __name__ == "__main__":
    main()
