/// Whole buffers through deflate, with caps before allocation.
#ifndef MOBILECLIP_DATA_DEFLATE_H_
#define MOBILECLIP_DATA_DEFLATE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace mobileclip {

/// Raw deflate of exactly `size` bytes of output. kDamaged if it does not fit.
std::string inflate_raw(std::string_view bytes, size_t size, const std::string& what);
std::string deflate_raw(std::string_view bytes);
/// One gzip member, of at most `limit` bytes of output. kDamaged, kTooLarge.
std::string gunzip(std::string_view bytes, size_t limit, const std::string& what);
std::string gzip(std::string_view bytes);
uint32_t crc32_of(std::string_view bytes);

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_DEFLATE_H_
