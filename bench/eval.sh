#!/usr/bin/env bash
# Evaluation beside pure compute: images/s of `eval run` on lossless WebP in tars of 500 images, of `bench`, and
# peak memory for one and for ten times as many images.
#   bench/eval.sh PROGRAM MODEL [IMAGES] [ROUNDS]
# Needs a python3 with numpy and Pillow, and GNU time.
set -euo pipefail
program=$(realpath "$1") model=$2 images=${3:-2000} rounds=${4:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
/usr/bin/python3 - "$work" "$images" <<'EOF'
import io, os, sys, tarfile
import numpy as np
from PIL import Image
folder, images = sys.argv[1], int(sys.argv[2])
for name, count in (("part", images // 10), ("whole", images)):
    path = f"{folder}/data/wds_{name}_test"
    os.makedirs(path + "/test")
    open(path + "/classnames.txt", "w").write("cat\ndog\ncar\ntree\nhouse\n")
    open(path + "/zeroshot_classification_templates.txt", "w").write("a photo of a {c}.\n")
    shards = [range(first, min(first + 500, count)) for first in range(0, count, 500)]
    open(path + "/test/nshards.txt", "w").write(f"{len(shards)}\n")
    random = np.random.default_rng(1)
    pictures = []
    for _ in range(50):
        small = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        out = io.BytesIO()
        Image.fromarray(small).resize((256, 256), Image.BICUBIC).save(out, "WEBP", lossless=True)
        pictures.append(out.getvalue())
    for shard, numbers in enumerate(shards):
        with tarfile.open(f"{path}/test/{shard}.tar", "w") as tar:
            for i in numbers:
                for extension, data in (("webp", pictures[i % 50]), ("cls", b"1")):
                    info = tarfile.TarInfo(f"s{i:07d}.{extension}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
EOF
# evaluate NAME: sets rate (images/s), memory (peak KiB) and cost (processor seconds).
evaluate() {
  rm -f "$work/$1.jsonl"
  /usr/bin/time -f '%M %U %S' -o "$work/time" "$program" eval run -q -m "$model" --suite "$1" \
    --data-dir "$work/data" --out "$work/$1.jsonl" --cache '' >/dev/null
  read -r memory user system <"$work/time"
  cost=$(awk "BEGIN {print $user + $system}")
  rate=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["meta"]["images_per_second"])' \
    "$work/$1.jsonl")
}
compute_rate() {
  "$program" bench -m "$model" -b 8 --runs 20 --json |
    python3 -c 'import json,sys; print(json.load(sys.stdin)["results"][0]["items_per_s"])'
}
for ((round = 0; round < rounds; ++round)); do
  before=$(compute_rate)
  evaluate whole
  whole_cost=$cost whole_memory=$memory whole_rate=$rate
  after=$(compute_rate)
  evaluate part
  awk -v n="$images" -v part="$cost" -v whole="$whole_cost" -v rate="$whole_rate" -v before="$before" \
    -v after="$after" -v a="$memory" -v b="$whole_memory" \
    'BEGIN {printf "eval %.1f images/s, bench %.1f and %.1f: ratio %.2f; %.2f ms of processor an image\n",
                   rate, before, after, rate / ((before + after) / 2), 1000 * (whole - part) / (0.9 * n)
            printf "peak memory: %d KiB for %d images, %d KiB for %d\n", a, n / 10, b, n}'
done
