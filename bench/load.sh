#!/usr/bin/env bash
# How long a converted file takes to load, as a ratio to reading it: load.sh [VARIANT]. Needs
# build/release with the tools. Both from the page cache; medians of five, each load a fresh process.
set -euo pipefail
cd "$(dirname "$0")/.."
variant=${1:-mobileclip_s0}
tools=build/release/tools
program=build/release/mobileclip
mkdir -p build/bench
source=build/bench/$variant.pt
[ -f "$source" ] || "$tools/mobileclip_synth" "$variant" "$source"

cat_ms() {
  for _ in 1 2 3 4 5; do
    local begin end
    begin=$(date +%s%N)
    cat "$1" >/dev/null
    end=$(date +%s%N)
    echo $(((end - begin) / 1000))
  done | sort -n | sed -n 3p | awk '{printf "%.1f", $1 / 1000}'
}

for dtype in f32 f16 bf16; do
  file=build/bench/$variant.$dtype.safetensors
  "$program" convert "$source" "$file" --dtype $dtype -q >/dev/null
  cat "$file" >/dev/null
  # Only bytes that must be read: the cost of starting `cat` is a millisecond.
  read_ms=$(cat_ms "$file")
  loaded=$("$tools/mobileclip_load" "$file" 5)
  awk -v name="$variant $dtype" -v mb="$(stat -c %s "$file")" -v read="$read_ms" -v loaded="$loaded" \
    'BEGIN {split(loaded, part, /[ ,]+/)
            printf "%s, %.0f MB: load %.1f ms, cat %.1f ms, ratio %.2f; largest resident set %d MiB\n",
                   name, mb / 1e6, part[1], read, part[1] / read, part[3]}'
done
file=build/bench/$variant.f32.safetensors
for _ in 1 2 3 4 5; do
  begin=$(date +%s%N)
  "$program" classify -m "$file" examples/chelsea.png -l "a diagram" -l "a dog" -l "a cat" >/dev/null
  end=$(date +%s%N)
  echo $(((end - begin) / 1000000))
done | sort -n | sed -n 3p | sed "s/^/$variant f32, classify, one photo, three labels, fresh process, ms  /"
# The shell's `ulimit -v` would count the mapping; VmHWM is what the kernel counts.
"$program" classify -m "$file" examples/chelsea.png -l a -l b -l c >/dev/null &
pid=$!
peak=0
while now=$(awk '/VmHWM/ {print $2}' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do peak=$now; done
wait "$pid"
echo "the same, VmHWM, MiB  $((peak / 1024))"
