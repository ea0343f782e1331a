#!/usr/bin/env bash
# The shared library shows the C ABI, all of it, and the public C++ classes, each with a version; and
# nothing else. Proves itself on a planted stray and on a function that is missing.
set -euo pipefail
library=$1 include=$2 compiler=$3

# The functions that mobileclip.h declares.
declared() { grep -oE '\bmobileclip_[a-z_]+\(' "$include/mobileclip/mobileclip.h" | tr -d '(' | sort -u; }

# check LIBRARY: prints each offence; fails if there is one.
check() {
  local symbols bad
  symbols=$(nm -DC --defined-only --with-symbol-versions "$1" | cut -d' ' -f3-)
  bad=$(grep -vE '^(MOBILECLIP_[0-9]+$|mobileclip_[a-z_]+@@MOBILECLIP_[0-9]+$|(mobileclip::v1::|mobileclip::Error::|mobileclip::error_code_name|(vtable|typeinfo|typeinfo name) for mobileclip::Error@).*@MOBILECLIP_[0-9]+$)' <<<"$symbols" || true)
  bad+=$(grep -E '::Impl::|mobileclip::v1::\(anonymous' <<<"$symbols" || true)
  [ -z "$bad" ] || { echo "shown, but not public:"; echo "$bad"; return 1; }
  bad=$(diff <(declared) <(grep -oE '^mobileclip_[a-z_]+' <<<"$symbols" | sort -u)) ||
    { echo "mobileclip.h (<) and the library (>) differ:"; echo "$bad"; return 1; }
  grep -q 'mobileclip::v1::create_model' <<<"$symbols" || { echo "the C++ API is not shown"; return 1; }
}

check "$library"
readelf -d "$library" | grep -qE 'SONAME.*\[libmobileclip\.so\.[0-9]+\]' || { echo "no SONAME"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A twin of the library in symbols alone: all that is declared, then one too many, then one too few.
echo 'MOBILECLIP_1 { global: *; };' >"$work/map"
twin() {
  { declared | sed "$1" | sed 's/.*/extern "C" void &() {}/'
    echo "namespace mobileclip::v1 { void create_model() {} } $2"; } >"$work/twin.cc"
  "$compiler" -shared -fPIC -nostdlib -fvisibility=default -Wl,--version-script="$work/map" "$work/twin.cc" -o "$work/twin.so"
}
twin '' '' && check "$work/twin.so"
twin '' 'namespace mobileclip { void quote() {} }' && ! check "$work/twin.so" >/dev/null || { echo "a planted stray was not found"; exit 1; }
twin '1d' '' && ! check "$work/twin.so" >/dev/null || { echo "a missing function was not found"; exit 1; }
echo "the library shows what is public"
