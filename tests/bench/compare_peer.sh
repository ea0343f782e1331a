#!/usr/bin/env bash
# bench/compare_peer.sh with a peer and a program whose times are known. TREE
set -euo pipefail
tree=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$tree/bench" "$work/bench"
mkdir -p "$work/build/bench"
cd "$work"
touch build/bench/mobileclip_{s0,s2,b}.f32.safetensors
# Milliseconds a call: the first rounds differ from each other, so that the median is not the mean.
cat >peer <<'EOF'
#!/usr/bin/env bash
echo "peer $*" >>calls
n=$(grep -c '^peer' calls)
echo "{\"peer\":\"x\",\"median_ms\":$((n % 3 == 1 ? 900 : 100)),\"min_ms\":1,\"median_ms_per_item\":7}"
EOF
cat >program <<'EOF'
#!/usr/bin/env bash
[ "$1" != --version ] || { echo "instruction set: none"; exit; }
echo "ours $*" >>calls
ms=70
[[ $* != *"--threads 1 --batch 8"* ]] || ms=480
[[ $* != *"--threads 2 --batch 8"* ]] || ms=264
echo "{\"isa\":\"none\",\"fma_peak_gflops\":200.50,\"results\":[{\"median_ms\":$ms,\"p95_ms\":99}]}"
EOF
chmod +x peer program
export MOBILECLIP_PEER=./peer MOBILECLIP_PROGRAM=./program
fail() { printf '%s\n' "$1" >&2; cat out calls >&2; exit 1; }
expect() { grep -qF -- "$1" out || fail "expected: $1"; }

bench/compare_peer.sh 3 's0 (image|text), 1 thread, batch 1' >out 2>err && fail "a filter that fits no row was taken"
bench/compare_peer.sh 3 'S0 image, 1 thread, batch 1' >out 2>err || { cat err; fail "failed"; }
expect "| S0 image, 1 thread, batch 1 | 100.00 | 70.00 | 0.700 | 0.078 to 0.700 | 0.75 | 0.65 | must |"
expect "FMA peak   200.5 GFLOP/s"
[ "$(cut -d' ' -f1 calls | tr '\n' ' ')" = "peer ours ours peer peer ours " ] || fail "not in turn"
grep -qx 'peer mobileclip_s0 image 1 1 10' calls || fail "the peer's arguments"
grep -qx 'ours bench -m build/bench/mobileclip_s0.f32.safetensors --tower image --threads 1 --batch 1 --runs 10 --json' calls || fail "the program's arguments"

rm calls
bench/compare_peer.sh 2 'B text, 10 tokens, . threads?, batch 8' >out 2>err || { cat err; fail "failed"; }
expect "| B text, 10 tokens, 2 threads, batch 8 | 62.50 | 33.00 | 0.528 |"
expect "| 0.25 | 0.15 | missed |"
expect "| B text, 10 tokens, batch 8 | 1.82 | 1.8 | 1.9 | must |"
grep -q -- '--tokens 10 --json' calls || fail "the length of the texts"

MOBILECLIP_PEER=true bench/compare_peer.sh 1 'S0 text' >out 2>err && fail "a peer that says nothing was taken"
grep -q 'no median_ms' err || fail "no word about the peer"
MOBILECLIP_PEER='' bench/compare_peer.sh >out 2>err && fail "no peer was taken"
exit 0
