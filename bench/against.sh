#!/usr/bin/env bash
# Instruction counts of this tree beside another revision: against.sh REV. Needs build/release with its
# tools, and valgrind. Fails on a loss of more than 5 %.
#
# Fixed inputs, one thread, checkpoints that each revision converted itself: the counts hardly vary, whatever
# else the machine does. They are valgrind's: of the instruction sets, at most AVX2.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# = 1 ] || { echo "usage: against.sh REV" >&2; exit 2; }
revision=$(git rev-parse --verify --quiet "$1^{commit}") || { echo "against.sh: '$1' is no revision" >&2; exit 2; }
folder=$PWD/build/against
other=$folder/${revision:0:12}
mkdir -p "$folder"
[ -d "$other/tree" ] || { git worktree prune && git worktree add --quiet --detach "$other/tree" "$revision"; }
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
echo "== building ${revision:0:12} (log: $other/log)" >&2
{
  cmake -S "$other/tree" -B "$other/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMOBILECLIP_TESTS=OFF -DMOBILECLIP_TRAIN=OFF "${launcher[@]}" &&
    cmake --build "$other/build" --target mobileclip
} >"$other/log" 2>&1 || { tail -20 "$other/log" >&2; exit 1; }

# counts PROGRAM FOLDER: lines "CASE INSTRUCTIONS".
counts() {
  local program=$1 out=$2 variant
  mkdir -p "$out"
  for variant in mobileclip_s0 mobileclip_nano; do
    [ -f "$folder/$variant.pt" ] || build/release/tools/mobileclip_synth "$variant" "$folder/$variant.pt"
    "$program" convert "$folder/$variant.pt" "$out/$variant.safetensors" -q >/dev/null
  done
  count() {
    local name=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file="$out/callgrind" "$program" "$@" >"$out/log" 2>&1 || { tail -5 "$out/log" >&2; return 1; }
    echo "$name $(sed -n 's/^\(summary\|totals\): //p' "$out/callgrind" | head -1)"
  }
  count s0_image embed -t 1 -b 1 -m "$out/mobileclip_s0.safetensors" -o "$out/out.npy" --images examples/chelsea.png
  count s0_text embed -t 1 -b 1 -m "$out/mobileclip_s0.safetensors" -o "$out/out.npy" --texts "a photo of a cat"
  count nano_classify classify -t 1 -m "$out/mobileclip_nano.safetensors" examples/openmoji-dog.png -l "a dog" -l "a cat"
}
echo "== counting instructions" >&2
counts "$other/build/mobileclip" "$other/work" >"$other/counts"
counts build/release/mobileclip "$folder/work" >"$folder/counts"
awk -f bench/against.awk "$other/counts" "$folder/counts"
