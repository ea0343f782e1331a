#!/usr/bin/env bash
# `embed` of a folder of 12-megapixel JPEGs: images/s, where the time goes, and what --fast-decode changes.
# Needs build/release with the tools, and Pillow. folder.sh [VARIANT]
set -euo pipefail
cd "$(dirname "$0")/.."
program=build/release/mobileclip
variant=${1:-mobileclip_s0}
photos=build/bench/photos
model=build/bench/$variant.f32.safetensors
mkdir -p build/bench
if [ ! -f "$model" ]; then
  build/release/tools/mobileclip_synth "$variant" "build/bench/$variant.pt"
  "$program" convert "build/bench/$variant.pt" "$model" -q >/dev/null
  rm "build/bench/$variant.pt"
fi
# 4000 × 3000 pixels of detail: parts of a photo, enlarged, with a camera's noise; quality 90, 4:2:0.
[ -d "$photos" ] || /usr/bin/python3 - "$photos" <<'EOF'
import os, sys
import numpy
from PIL import Image
folder = sys.argv[1]
os.makedirs(folder + ".part")
photo = Image.open("examples/chelsea.png").convert("RGB")
random = numpy.random.default_rng(1)
for i in range(16):
    x, y = int(random.integers(0, 150)), int(random.integers(0, 60))
    part = photo.crop((x, y, x + 300, y + 225)).resize((4000, 3000), Image.BICUBIC)
    if i % 2:
        part = part.transpose(Image.FLIP_LEFT_RIGHT)
    noise = random.normal(0, 6, (3000, 4000, 1))
    pixels = numpy.clip(numpy.asarray(part, dtype=float) + noise, 0, 255).astype("uint8")
    Image.fromarray(pixels).save(f"{folder}.part/{i:02}.jpg", quality=90)
os.rename(folder + ".part", folder)
EOF
cat "$photos"/*.jpg "$model" >/dev/null
embed() { "$program" embed -v -m "$model" -o "$1" "${@:2}" --images "$photos" 2>&1 | grep 'images/s'; }
echo "processor  $(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1), $(nproc) cores; $("$program" --version | tail -1)"
echo "date       $(date +%F); $variant, $(ls "$photos" | wc -l) JPEGs of 4000 x 3000"
for threads in 1 2; do
  for _ in 1 2 3; do echo "$threads threads                $(embed build/bench/folder.npy -t $threads)"; done
  for _ in 1 2 3; do echo "$threads threads, --fast-decode $(embed build/bench/folder_fast.npy -t $threads --fast-decode)"; done
done
/usr/bin/python3 - <<'EOF'
import numpy
a, b = (numpy.load(f"build/bench/{name}.npy").astype(float) for name in ("folder", "folder_fast"))
cosine = (a * b).sum(1)
print(f"cosine of --fast-decode to the exact embedding: mean {cosine.mean():.6f}, least {cosine.min():.6f}")
EOF
