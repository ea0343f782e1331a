#!/usr/bin/env bash
# Evaluation beside pure compute: images/s of `eval run` on lossless WebP in tars, of `bench`, and peak memory
# for one and for ten times as many images.
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
    open(path + "/test/nshards.txt", "w").write("2\n")
    random = np.random.default_rng(1)
    for shard in range(2):
        with tarfile.open(f"{path}/test/{shard}.tar", "w") as tar:
            for i in range(count // 2):
                small = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
                image = Image.fromarray(small).resize((256, 256), Image.BICUBIC)
                out = io.BytesIO()
                image.save(out, "WEBP", lossless=True, method=0)
                for extension, data in (("webp", out.getvalue()), ("cls", b"1")):
                    info = tarfile.TarInfo(f"s{shard}{i:07d}.{extension}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
EOF
field() { python3 -c "import json,sys; print(eval(sys.argv[1], {'r': json.loads(sys.stdin.readline())}))" "$1"; }
run() {
  rm -f "$work/$1.jsonl"
  /usr/bin/time -f %M -o "$work/$1.rss" "$program" eval run -q -m "$model" --suite "$1" --data-dir "$work/data" \
    --out "$work/$1.jsonl" --cache '' >/dev/null
}
for ((round = 0; round < rounds; ++round)); do
  compute=$("$program" bench -m "$model" -b 8 --runs 20 --json | field "r")
  run whole
  printf 'bench: %s\n' "$compute"
  printf 'eval: %s images/s\n' "$(field "r['meta']['images_per_second']" <"$work/whole.jsonl")"
done
run part
printf 'peak memory: %s KiB for %s images, %s KiB for %s\n' "$(cat "$work/part.rss")" $((images / 10)) \
  "$(cat "$work/whole.rss")" "$images"
