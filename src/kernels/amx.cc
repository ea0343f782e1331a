#include "kernels/amx.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace mobileclip::kernels {
namespace {

#if defined(__x86_64__) && defined(__linux__)
bool processor_has_it() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  constexpr unsigned kBf16 = 1U << 22, kTile = 1U << 24;  // of EDX
  return (d & kBf16) != 0 && (d & kTile) != 0;
}

// The tiles' 8 KiB are part of a thread's state only after the process has asked for them.
bool system_allows_it() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XTILEDATA
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}
#else
bool processor_has_it() { return false; }
bool system_allows_it() { return false; }
#endif

}  // namespace

bool amx_available() {
  static const bool available = processor_has_it() && system_allows_it();
  return available;
}

}  // namespace mobileclip::kernels
