#include "base/cache.h"

#include <unistd.h>

namespace mobileclip {

size_t l2_cache_bytes() {
  static const size_t bytes = [] {
    const long told = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return told > 0 ? static_cast<size_t>(told) : size_t{512} * 1024;
  }();
  return bytes;
}

}  // namespace mobileclip
