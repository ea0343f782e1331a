#include "siglip_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "checkpoint/scope.h"
#include "engine/recognise.h"
#include "model/clip.h"
#include "text/test_support.h"

namespace mobileclip::golden {
using test::piece;

std::string siglip_pieces() {
  constexpr int kNormal = 1, kUnknown = 2, kControl = 3, kPieces = 32000;
  const std::string space = "\xe2\x96\x81";  // ▁
  std::string out = piece("<pad>", 0, kControl) + piece("</s>", 0, kControl) +
                    piece("<unk>", 0, kUnknown) + piece(space + "a", -1, kNormal) +
                    piece(space + "cat", -2, kNormal) + piece(space + "dog", -2, kNormal) +
                    piece("s", -3, kNormal) + piece(space, -4, kNormal);
  for (int i = 8; i < kPieces; ++i) out += piece(fmt::format("#{}", i), -9, kNormal);
  return out;
}

void write_siglip(const std::string& path,
                  const std::map<std::string, std::vector<float>>& values) {
  const std::vector<TensorSpec> tensors = expected_tensors(require_variant("ViT-B-16-SigLIP"));
  std::string header = "{";
  uint64_t end = 0;
  std::map<std::string, std::pair<uint64_t, uint64_t>> places;  // offset, elements
  for (const TensorSpec& tensor : tensors) {
    uint64_t count = 1;
    for (const uint64_t extent : tensor.shape) count *= extent;
    places[tensor.name] = {end, count};
    const uint64_t begin = std::exchange(end, end + count * sizeof(float));
    header +=
        fmt::format(R"({}"{}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})",
                    begin == 0 ? "" : ",", tensor.name, fmt::join(tensor.shape, ","), begin, end);
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::ofstream out(path, std::ios::binary);
  for (int i = 0; i < 8; ++i) out.put(static_cast<char>(header.size() >> (8 * i) & 0xFF));
  out << header;
  for (const auto& [name, numbers] : values) {
    const auto [offset, count] = places.at(name);
    out.seekp(static_cast<std::streamoff>(8 + header.size() + offset));
    for (uint64_t i = 0; i < count; ++i) {
      const float value = numbers[i % numbers.size()];
      out.write(reinterpret_cast<const char*>(&value), sizeof value);
    }
  }
  out.close();
  std::filesystem::resize_file(path, 8 + header.size() + end);
}

}  // namespace mobileclip::golden
