#!/usr/bin/env bash
# Ours beside a peer, in turn, in one run: compare_peer.sh [ROUNDS [FILTER]]. Needs build/release.
#
# $MOBILECLIP_PEER is a command, called with MODEL PART THREADS BATCH RUNS, that prints one JSON line
# with "median_ms" of a call. FILTER is an extended regular expression over the rows' names, e.g.
# "^S0 .* 1 thread, batch 1$". Ours runs $MOBILECLIP_PROGRAM (build/release/mobileclip) on checkpoints of
# synthetic weights in build/bench; the peer gets texts of the same length or computes the whole context.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
filter=${2:-.}
program=${MOBILECLIP_PROGRAM:-build/release/mobileclip}
folder=build/bench
[ -n "${MOBILECLIP_PEER:-}" ] || { echo "compare_peer.sh: \$MOBILECLIP_PEER, the command to compare with, is not set" >&2; exit 2; }
case $rounds in '' | *[!0-9]* | 0*) echo "compare_peer.sh: '$rounds' is no number of rounds" >&2; exit 2 ;; esac
mkdir -p "$folder"

# NAME|MODEL|PART|TOKENS|THREADS|BATCH|RUNS|MUST|AIM; tokens 0: the whole context; ratios - : no goal.
rows() {
  local what threads batch
  while IFS='|' read -r what must aim; do
    read -r model part tokens <<<"$what"
    local name="${model^^} $part"
    [ "$tokens" = 0 ] || name+=", $tokens tokens"
    for threads in 1 2; do
      for batch in 1 8; do
        local plural=""
        [ "$threads" = 1 ] || plural=s
        echo "$name, $threads thread$plural, batch $batch|mobileclip_$model|$part|$tokens|$threads|$batch|$((batch == 1 ? 10 : 3))|$must|$aim"
      done
    done
  done <<'EOF'
s0 image 0|0.75|0.65
s1 image 0|0.75|0.65
s2 image 0|0.75|0.65
b image 0|0.85|0.78
s0 text 0|0.75|0.62
s2 text 0|0.82|0.75
b text 0|-|-
b text 10|0.25|0.15
EOF
}

# The value of a number in a line of JSON.
number() { sed -n "s/.*\"$1\": *\([0-9.eE+-]*\).*/\1/p"; }

checkpoint() {
  local file=$folder/$1.f32.safetensors
  if [ ! -f "$file" ]; then
    [ -f "$folder/$1.pt" ] || build/release/tools/mobileclip_synth "$1" "$folder/$1.pt"
    "$program" convert "$folder/$1.pt" "$file" -q >/dev/null
    rm "$folder/$1.pt"
  fi
  echo "$file"
}

peer() { $MOBILECLIP_PEER "$1" "$2" "$3" "$4" "$5" | number median_ms; }

# Milliseconds of a call and the multiply-add peak, GFLOP/s a thread.
ours() {
  local line tokens=()
  [ "$6" = 0 ] || tokens=(--tokens "$6")
  line=$("$program" bench -m "$(checkpoint "$1")" --tower "$2" --threads "$3" --batch "$4" --runs "$5" "${tokens[@]}" --json)
  echo "$(number median_ms <<<"$line") $(number fma_peak_gflops <<<"$line")"
}

all=$(rows | FILTER=$filter awk -F'|' '$1 ~ ENVIRON["FILTER"]')
[ -n "$all" ] || { echo "compare_peer.sh: no row is called '$filter'" >&2; exit 2; }
measured=$(mktemp)
trap 'rm -f "$measured"' EXIT
for round in $(seq "$rounds"); do
  while IFS='|' read -r name model part tokens threads batch runs must aim; do
    echo "round $round: $name" >&2
    # Who goes first changes from round to round.
    if ((round % 2)); then
      p=$(peer "$model" "$part" "$threads" "$batch" "$runs")
      o=$(ours "$model" "$part" "$threads" "$batch" "$runs" "$tokens")
    else
      o=$(ours "$model" "$part" "$threads" "$batch" "$runs" "$tokens")
      p=$(peer "$model" "$part" "$threads" "$batch" "$runs")
    fi
    [[ $p =~ ^[0-9] && $o =~ ^[0-9.]+\ [0-9] ]] || { echo "compare_peer.sh: $name: no median_ms (peer: '$p', ours: '$o')" >&2; exit 1; }
    echo "$name|$must|$aim|$threads|$batch|$p|${o% *}|${o#* }"
  done <<<"$all"
done >"$measured"

echo "processor  $(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1), $(nproc) cores; $("$program" --version | tail -1)"
echo "date       $(date +%F), medians of $rounds rounds, peer and ours in turn"
awk -F'|' -f bench/compare_peer.awk "$measured"
