#!/usr/bin/env bash
# Cross-compiles kernels, layers and model for aarch64 and runs them emulated: TREE BUILD CHECKPOINT GOLDEN.
# The few libraries come from Debian, unpacked into BUILD/root: nothing of this system changes.
set -euo pipefail
tree=$1 build=$2 checkpoint=$3 golden=$4
skip() { echo "skipped: $1 (./dev setup emulate)"; exit 77; }
for tool in qemu-aarch64 aarch64-linux-gnu-g++ cmake ninja pkg-config dpkg-deb; do
  command -v "$tool" >/dev/null || skip "no $tool"
done
root=$build/root
if [ ! -f "$root/complete" ]; then
  command -v apt-get >/dev/null || skip "no apt-get for the libraries"
  rm -rf "$root"
  mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial"
  touch "$root/apt/status"
  cat >"$root/apt/apt.conf" <<EOF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
Dir::State::Lists "$root/apt/lists";
Dir::State::Status "$root/apt/status";
Dir::Cache "$root/apt/cache";
EOF
  export APT_CONFIG=$root/apt/apt.conf
  apt-get update -qq >"$root/log" 2>&1 || skip "apt-get update failed: $(tail -1 "$root/log")"
  (cd "$root/apt" && apt-get download -qq libhwy-dev libhwy1 libfmt-dev libfmt9 libdeflate-dev libdeflate0 nlohmann-json3-dev) >>"$root/log" 2>&1 ||
    skip "apt-get download failed: $(tail -1 "$root/log")"
  for package in "$root"/apt/*.deb; do dpkg-deb -x "$package" "$root"; done
  rm -rf "$root/apt"
  touch "$root/complete"
fi
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
{
  MOBILECLIP_ROOT=$root cmake -S "$tree" -B "$build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$tree/cmake/aarch64.cmake" \
    -DMOBILECLIP_CORE=ON -DMOBILECLIP_TESTS=OFF -DMOBILECLIP_WERROR=ON "${launcher[@]}" &&
    cmake --build "$build" -j "$(nproc)"
} >"$build/log" 2>&1 || { tail -40 "$build/log"; exit 1; }
errors=$(qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$root/usr/lib/aarch64-linux-gnu" \
  "$build/tests/core/core_golden" "$checkpoint" "$golden") || { echo "$errors"; exit 1; }
echo "$errors"
[ "$(grep -c '^neon: ' <<<"$errors")" = 2 ]
