/// What kernels want to know of the processor's caches.
#ifndef MOBILECLIP_BASE_CACHE_H_
#define MOBILECLIP_BASE_CACHE_H_

#include <cstddef>

namespace mobileclip {

/// Bytes of a core's L2 cache; 512 KiB where the system does not tell.
size_t l2_cache_bytes();

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_CACHE_H_
