#!/usr/bin/env bash
# The recipe of mobileclip_nano in stages. Each leaves its result under build/nano, is skipped when that
# is there, and goes on where it was after a kill. About two hours on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=build/release/mobileclip
out=build/nano
mkdir -p "$out"
say() { printf '== %s\n' "$*" >&2; }

say "drawings and shards"
/usr/bin/python3 tools/nano/make_shards.py --cache "$out/cache" --out "$out/shards"

say "teacher"
[ -f "$out/teacher/curves.svg" ] || "$program" train --config configs/nano_teacher.json

say "reinforcement: the teacher's embeddings of six views of every picture"
"$program" reinforce embed "$out/shards/train" -o "$out/reinforced" --teacher "$out/teacher/last.pt" \
  --augmentations 6 --min-area 40 --ops 1 --seed 1
"$program" reinforce verify "$out/reinforced" --teacher "$out/teacher/last.pt" --sample 4

say "student"
[ -f "$out/student/curves.svg" ] || "$program" train --config configs/nano.json

say "the compact form and its report"
build/release/tools/mobileclip_compact "$out/student/last.pt" "$out/mobileclip_nano.safetensors" \
  "MIT; drawings: see NOTICE"
/usr/bin/python3 tools/nano/report.py --program "$program" --model "$out/mobileclip_nano.safetensors" \
  --split "$out/shards/heldout" --train "$out/shards/train" | tee "$out/report.txt"
say "cp $out/mobileclip_nano.safetensors assets/ makes it the shipped model"
