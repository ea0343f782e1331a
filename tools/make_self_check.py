"""Writes assets/self_check.tsv, what `verify` compares with: python3 tools/make_self_check.py BUILD

Embeddings of the published networks are those of the float64 reference (tests/data/models); where
there is no reference, and for the checksums of folded weights, those of BUILD/tools/mobileclip_self_check
in plain C++."""
import json
import pathlib
import subprocess
import sys

PUBLISHED = {"mobileclip_s0": "mobileclip_s0", "mobileclip_s1": "mobileclip_s1",
             "mobileclip_s2": "mobileclip_s2", "mobileclip_b": "mobileclip_b",
             "mobileclip_blt": "mobileclip_b"}
OWN = ["mobileclip_nano", "mobileclip_nano_teacher"]


def row(variant, kind, values):
    return f"{variant}\t{kind}\t{' '.join(f'{value:.9g}' for value in values)}"


def main():
    tree = pathlib.Path(__file__).resolve().parent.parent
    program = pathlib.Path(sys.argv[1]) / "tools" / "mobileclip_self_check"
    lines = []
    for variant in [*PUBLISHED, *OWN]:
        # Folding is the same on every instruction set; scalar would take minutes for the large ones.
        isa = "sse4" if variant in PUBLISHED else "scalar"
        printed = subprocess.run([program, isa, variant], check=True, capture_output=True, text=True)
        rows = dict(line.split("\t", 2)[1:] for line in printed.stdout.splitlines())
        lines.append(f"{variant}\tweights_crc32\t{rows['weights_crc32']}")
        if variant in PUBLISHED:
            path = tree / "tests" / "data" / "models" / f"{PUBLISHED[variant]}.json"
            golden = json.loads(path.read_text())
            lines.append(row(variant, "image", golden["images"]["noise_0"]["embedding"]))
            lines.append(row(variant, "text", golden["texts"]["a_photo_of_a_cat"]["embedding"]))
        else:
            lines += [f"{variant}\t{kind}\t{rows[kind]}" for kind in ("image", "text")]
    (tree / "assets" / "self_check.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
