#!/usr/bin/env bash
# The figures of bench/RESULTS.md: medians on this machine. Needs build/release.
set -euo pipefail
cd "$(dirname "$0")/.."
program=build/release/mobileclip
model=build/bench/mobileclip_s0.pt
photo=examples/chelsea.png
mkdir -p build/bench
[ -f "$model" ] || build/release/tools/mobileclip_synth mobileclip_s0 "$model"
photos=()
for i in $(seq 16); do
  [ -f "build/bench/$i.png" ] || cp "$photo" "build/bench/$i.png"
  photos+=("build/bench/$i.png")
done
cat "$model" >/dev/null

# seconds COMMAND…: wall time of one run.
seconds() {
  local begin end
  begin=$(date +%s.%N)
  "$@" >/dev/null
  end=$(date +%s.%N)
  echo "$begin $end" | awk '{printf "%.4f\n", $2 - $1}'
}
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
embed() { "$program" embed -m "$model" -o build/bench/out.npy "$@" --images "${photos[@]}"; }

echo "processor  $(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1), $(nproc) cores; $("$program" --version | tail -1)"
echo "date       $(date +%F)"
for _ in 1 2 3 4 5; do seconds "$program" classify -m "$model" "$photo" -l "a diagram" -l "a dog" -l "a cat"; done |
  median | sed 's/^/classify, S0 .pt, one photo, three labels, fresh process, median of 5, s  /'
"$program" classify -m "$model" "$photo" -l a -l b -l c >/dev/null &
pid=$!
peak=0
while now=$(awk '/VmHWM/ {print $2}' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do peak=$now; done
wait "$pid"
echo "the same, VmHWM, MiB  $((peak / 1024))"
b1=() b8=() t1=() t2=()
for _ in 1 2 3 4 5 6 7; do
  b1+=("$(seconds embed -t 1 -b 1)")
  b8+=("$(seconds embed -t 1 -b 8)")
  t1+=("$(seconds embed -t 1)")
  t2+=("$(seconds embed -t 2)")
done
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.3f (%.3f s / %.3f s)\n", a / b, a, b}'; }
m() { printf '%s\n' "$@" | median; }
echo "16 photos, batch 8 / batch 1, one thread  $(ratio "$(m "${b8[@]}")" "$(m "${b1[@]}")")"
echo "16 photos, 2 threads / 1 thread           $(ratio "$(m "${t2[@]}")" "$(m "${t1[@]}")")"
