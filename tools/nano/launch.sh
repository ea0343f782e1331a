#!/usr/bin/env bash
# launch.sh N COMMAND…: runs the command as N processes of one group, one thread each (RANK, WORLD_SIZE,
# MASTER_ADDR, MASTER_PORT). Small networks train faster so than with N threads in one process. When one
# process fails, the others are stopped; so are all when this script is.
set -euo pipefail
export WORLD_SIZE=$1 MASTER_ADDR=127.0.0.1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# Freed memory is kept: a step allocates what the one before had.
export MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TOP_PAD_=67108864
shift
MASTER_PORT=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MASTER_PORT
processes=()
trap 'kill "${processes[@]}" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM
for ((rank = 0; rank < WORLD_SIZE; rank++)); do
  RANK=$rank "$@" &
  processes+=($!)
done
for _ in "${processes[@]}"; do
  wait -n
done
