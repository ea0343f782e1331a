/// What this project's own safetensors files add to the format (docs/format.md): a version and
/// checksums, all in `__metadata__`.
#ifndef MOBILECLIP_CHECKPOINT_OWN_FORMAT_H_
#define MOBILECLIP_CHECKPOINT_OWN_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/byte_reader.h"

namespace mobileclip::own_format {

using Metadata = std::map<std::string, std::string>;

constexpr std::string_view kFormat = "mobileclip";    ///< of "format"
constexpr std::string_view kInference = "inference";  ///< of "form"; absent: training form
constexpr int kNewestVersion = 2;
constexpr uint64_t kBlock = uint64_t{256} << 10;  ///< bytes of data under one checksum

/// Whether these are the metadata of a file of ours, and of one in inference form.
bool is_own(const Metadata& metadata);
bool is_inference(const Metadata& metadata);

/// Checks version and header checksum. kUnsupported for a newer version; kDamaged. The file need
/// not be one of ours. `text` is the whole header.
void check_header(const Metadata& metadata, std::string_view text, const std::string& what);

/// The stored CRC-32 of each started kBlock of the data; empty if the file has none. kDamaged if
/// they are not as many as `size` bytes of data need.
std::vector<uint32_t> block_checksums(const Metadata& metadata, uint64_t size,
                                      const std::string& what);

/// For the writer. The metadata with blank checksums for `size` bytes of data, and a finished
/// header text made from one that was rendered with them.
void add_blank_checksums(Metadata& metadata, uint64_t size);
void fill_checksums(std::string& text, const std::vector<uint32_t>& blocks);

}  // namespace mobileclip::own_format

#endif  // MOBILECLIP_CHECKPOINT_OWN_FORMAT_H_
