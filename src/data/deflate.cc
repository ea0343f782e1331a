#include "data/deflate.h"

#include <libdeflate.h>

#include <memory>

#include "base/error.h"

namespace mobileclip {
namespace {

constexpr int kLevel = 6;

struct Free {
  void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};
using Compressor = std::unique_ptr<libdeflate_compressor, Free>;
using Decompressor = std::unique_ptr<libdeflate_decompressor, Free>;

/// Raw deflate and gzip differ in the three functions they take.
using Decompress = decltype(&libdeflate_deflate_decompress);
using Compress = decltype(&libdeflate_deflate_compress);
using Bound = decltype(&libdeflate_deflate_compress_bound);

std::string decompress(Decompress run, std::string_view bytes, size_t size,
                       const std::string& what) {
  const Decompressor decompressor(libdeflate_alloc_decompressor());
  std::string out(size, '\0');
  if (run(decompressor.get(), bytes.data(), bytes.size(), out.data(), out.size(), nullptr) !=
      LIBDEFLATE_SUCCESS) {
    fail(ErrorCode::kDamaged, "{}: the compressed data are damaged", what);
  }
  return out;
}

std::string compress(Compress run, Bound bound, std::string_view bytes) {
  const Compressor compressor(libdeflate_alloc_compressor(kLevel));
  std::string out(bound(compressor.get(), bytes.size()), '\0');
  out.resize(run(compressor.get(), bytes.data(), bytes.size(), out.data(), out.size()));
  return out;
}

}  // namespace

std::string inflate_raw(std::string_view bytes, size_t size, const std::string& what) {
  return decompress(libdeflate_deflate_decompress, bytes, size, what);
}

std::string deflate_raw(std::string_view bytes) {
  return compress(libdeflate_deflate_compress, libdeflate_deflate_compress_bound, bytes);
}

std::string gunzip(std::string_view bytes, size_t limit, const std::string& what) {
  if (bytes.size() < 18) fail(ErrorCode::kDamaged, "{}: too short for gzip", what);
  uint32_t size = 0;  // the last four bytes: the size modulo 2^32
  for (size_t i = 0; i < 4; ++i) {
    size |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[bytes.size() - 4 + i]))
            << (8 * i);
  }
  if (size > limit) {
    fail(ErrorCode::kTooLarge, "{}: {} bytes when unpacked; at most {} are read", what, size,
         limit);
  }
  return decompress(libdeflate_gzip_decompress, bytes, size, what);
}

std::string gzip(std::string_view bytes) {
  return compress(libdeflate_gzip_compress, libdeflate_gzip_compress_bound, bytes);
}

uint32_t crc32_of(std::string_view bytes) {
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

}  // namespace mobileclip
