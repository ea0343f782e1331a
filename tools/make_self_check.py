"""Writes assets/self_check.tsv, what `verify` compares with: python3 tools/make_self_check.py BUILD

Embeddings of the published networks are those of the float64 reference (tests/data; what is not there, in
$MOBILECLIP_GOLDEN); where there is no reference, and for the checksums of folded weights, those of
BUILD/tools/mobileclip_self_check in plain C++."""
import json
import os
import pathlib
import subprocess
import sys

# One name of each network.
PUBLISHED = {"models": ["mobileclip_s0", "mobileclip_s1", "mobileclip_s2", "mobileclip_b"],
             "models_open_clip": ["MobileCLIP-S1", "MobileCLIP2-S2", "MobileCLIP2-B", "MobileCLIP2-S0",
                                  "MobileCLIP2-S3", "ViT-B-16-quickgelu", "ViT-B-16-SigLIP"]}
OWN = ["mobileclip_nano", "mobileclip_nano_teacher"]
TREE = pathlib.Path(__file__).resolve().parent.parent


def golden(folder, variant):
    name = f"{folder}/{variant}.json"
    path = TREE / "tests" / "data" / name
    if not path.exists():
        path = pathlib.Path(os.environ["MOBILECLIP_GOLDEN"]) / name
    return json.loads(path.read_text())


def printed(isa, variant):
    program = pathlib.Path(sys.argv[1]) / "tools" / "mobileclip_self_check"
    out = subprocess.run([program, isa, variant], check=True, capture_output=True, text=True).stdout
    return dict(line.split("\t", 2)[1:] for line in out.splitlines())


def row(variant, kind, values):
    return f"{variant}\t{kind}\t{' '.join(f'{value:.9g}' for value in values)}"


def main():
    lines = []
    for folder, variants in PUBLISHED.items():
        for variant in variants:
            # Folding is the same on every instruction set; scalar would take minutes for these.
            lines.append(f"{variant}\tweights_crc32\t{printed('sse4', variant)['weights_crc32']}")
            expected = golden(folder, variant)
            lines.append(row(variant, "image", expected["images"]["noise_0"]["embedding"]))
            lines.append(row(variant, "text", expected["texts"]["a_photo_of_a_cat"]["embedding"]))
    for variant in OWN:
        rows = printed("scalar", variant)
        lines += [f"{variant}\t{kind}\t{rows[kind]}" for kind in ("weights_crc32", "image", "text")]
    (TREE / "assets" / "self_check.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
