#!/usr/bin/python3
"""Accuracy on a split of the emoji shards by `mobileclip eval run`, from tars and from a folder per class.

    evaluate.py --program build/release/mobileclip --model FILE --split DIR

Fails unless both give the same metrics. The classes are those of report.py, whose top1 and top5 are acc1 and
acc5 here.
"""

import argparse
import io
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

from report import samples


def write_lists(folder, names):
    (folder / "classnames.txt").write_text("".join(name + "\n" for name in names))
    (folder / "zeroshot_classification_templates.txt").write_text("{c}\n")


def write_tar(path, rows):
    with tarfile.open(path, "w") as tar:
        for key, png, label in rows:
            for extension, data in (("png", png), ("cls", str(label).encode())):
                info = tarfile.TarInfo(f"{key}.{extension}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def evaluate(program, model, out, words):
    command = [program, "eval", "run", "-q", "-m", model, "--suite", "emoji", "--cache", "", "--out", out, *words]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    return json.loads(out.read_text())["metrics"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--split", required=True)
    arguments = parser.parse_args()
    names = (Path(arguments.split) / "classes.txt").read_text().splitlines()
    numbers = {name: number for number, name in enumerate(names)}
    rows = [(key, png, numbers[caption]) for key, png, caption in samples(arguments.split)]
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        dataset = work / "data/wds_emoji_test"
        (dataset / "test").mkdir(parents=True)
        write_lists(dataset, names)
        half = len(rows) // 2
        for shard, part in enumerate((rows[:half], rows[half:])):
            write_tar(dataset / f"test/{shard}.tar", part)
        (dataset / "test/nshards.txt").write_text("2\n")
        for number in range(len(names)):
            (work / f"folder/{number:05}").mkdir(parents=True)
        for key, png, label in rows:
            (work / f"folder/{label:05}/{key}.png").write_bytes(png)
        tars = evaluate(arguments.program, arguments.model, work / "tars.jsonl", ["--data-dir", work / "data"])
        lists = ["--classnames", dataset / "classnames.txt", "--templates",
                 dataset / "zeroshot_classification_templates.txt"]
        folder = evaluate(arguments.program, arguments.model, work / "folder.jsonl",
                          ["--image-folder", work / "folder", *lists])
    if tars != folder:
        raise SystemExit(f"evaluate: from tars {tars}, from a folder {folder}")
    print(json.dumps({"images": len(rows), "classes": len(names), **tars}))


if __name__ == "__main__":
    main()
