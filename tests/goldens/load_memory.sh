#!/usr/bin/env bash
# A network of 427 M parameters is loaded within 1.3 times the size of its file.
# load_memory.sh MOBILECLIP_SYNTH MOBILECLIP_LOAD
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" MobileCLIP2-L-14 "$folder/l14.pt"
said=$("$2" "$folder/l14.pt" 1 2)
read -r milliseconds _ mebibytes _ <<<"$said"
size=$(stat -c %s "$folder/l14.pt")
echo "$milliseconds ms, $mebibytes MiB resident, file $size bytes"
[ $(((mebibytes + 1) * 1048576 * 10)) -le $((size * 13)) ]
