#!/usr/bin/env bash
# The recipe of mobileclip_nano in stages. Each leaves its result under build/nano, is skipped when that
# is there, and goes on where it was after a kill. About two hours on two cores, 20 GB of memory.
#   run.sh            the model
#   run.sh ablation   the paper's ablation at toy scale: four losses, two seeds each, equal steps
set -euo pipefail
cd "$(dirname "$0")/../.."
program=build/release/mobileclip
out=build/nano
mkdir -p "$out"
say() { printf '== %s\n' "$*" >&2; }

# trained FOLDER CONFIG [OPTION…]: a finished run has its curves.
trained() {
  local folder=$1 config=$2
  shift 2
  [ -f "$folder/curves.svg" ] ||
    tools/nano/launch.sh "$(nproc)" "$program" train --config "$config" --output "$folder" --threads 1 "$@"
}

report() {
  /usr/bin/python3 tools/nano/report.py --program "$program" "$@"
}

say "drawings and shards"
/usr/bin/python3 tools/nano/make_shards.py --cache "$out/cache" --out "$out/shards"
# What was trained on other data or by other settings is not mixed with what follows.
recipe=$(cat configs/nano.json configs/nano_teacher.json "$out/shards/train/done.json" | sha256sum)
if [ -f "$out/recipe" ] && [ "$(cat "$out/recipe")" != "$recipe" ]; then
  say "$out was made by another recipe: remove all in it but $out/cache and $out/shards to begin anew"
  exit 1
fi
echo "$recipe" >"$out/recipe"

say "two teachers"
trained "$out/teacher_a" configs/nano_teacher.json
trained "$out/teacher_b" configs/nano_teacher.json --set seed=2

say "reinforcement: the teachers' embeddings of five views of every picture"
teachers=(--teacher "$out/teacher_a/last.pt" --teacher "$out/teacher_b/last.pt")
"$program" reinforce embed "$out/shards/train" -o "$out/reinforced" "${teachers[@]}" \
  --augmentations 5 --min-area 60 --ops 1 --seed 1
"$program" reinforce verify "$out/reinforced" "${teachers[@]}" --sample 4

if [ "${1:-}" = ablation ]; then
  steps=${STEPS:-200}
  runs=$out/ablation/$steps
  for seed in 1 2; do
    common=(--set "steps=$steps" --set "warmup=$((steps / 5))" --set "seed=$seed" --set "validation.every=$steps")
    only_clip=(--set loss.clip_weight=1 --set loss.distill_weight=0)
    first='[{"dim":256,"scale":25},{"dim":256,"scale":25,"use":false}]'
    trained "$runs/clip-$seed" configs/nano.json "${common[@]}" "${only_clip[@]}" --set loss.synthetic=false
    trained "$runs/synthetic-$seed" configs/nano.json "${common[@]}" "${only_clip[@]}"
    trained "$runs/distill-$seed" configs/nano.json "${common[@]}" --set "loss.teachers=$first"
    trained "$runs/ensemble-$seed" configs/nano.json "${common[@]}"
  done
  for run in "$runs"/*/; do
    echo "$(basename "$run"), $steps steps"
    report --model "$run/last.pt" --split "$out"/shards/{heldout,select} --json
  done | tee "$out/ablation-$steps.txt"
  exit 0
fi

say "student"
trained "$out/student" configs/nano.json

say "the compact form and its report"
build/release/mobileclip convert "$out/student/last.pt" "$out/mobileclip_nano.safetensors" --compact \
  --licence "MIT; drawings: see NOTICE"
report --model "$out/mobileclip_nano.safetensors" --train "$out/shards/train" \
  --split "$out"/shards/{heldout_margins,heldout,select} | tee "$out/report.txt"
say "cp $out/mobileclip_nano.safetensors assets/ makes it the shipped model"
