/// Small shards of coloured shapes, for tests of what reads shards.
#ifndef MOBILECLIP_DATA_TEST_SUPPORT_H_
#define MOBILECLIP_DATA_TEST_SUPPORT_H_

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/counter_rng.h"
#include "data/record.h"
#include "data/shard_writer.h"
#include "image/png_writer.h"

namespace mobileclip {

/// A new empty folder.
inline std::string fresh_folder(const std::string& name) {
  static int number = 0;
  const std::string path =
      testing::TempDir() + "/" + name + std::to_string(::getpid()) + "_" + std::to_string(number++);
  std::filesystem::create_directories(path);
  return path;
}

/// One of 16 classes: four shapes in four colours, somewhere on a light ground.
inline RgbImage shape_image(uint64_t kind, uint64_t number) {
  constexpr uint8_t kColours[4][3] = {{220, 30, 30}, {30, 160, 40}, {40, 60, 220}, {230, 200, 20}};
  CounterRng rng(5, kind, number, 0);
  RgbImage image{32, 32,
                 std::vector<uint8_t>(32 * 32 * 3, static_cast<uint8_t>(200 + rng.below(56)))};
  const auto cx = static_cast<int>(10 + rng.below(12)), cy = static_cast<int>(10 + rng.below(12));
  const int r = static_cast<int>(5 + rng.below(5));
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 32; ++x) {
      const int dx = std::abs(x - cx), dy = std::abs(y - cy);
      bool inside = false;
      if (kind % 4 == 0) inside = dx <= r && dy <= r;
      if (kind % 4 == 1) inside = dx * dx + dy * dy <= r * r;
      if (kind % 4 == 2) inside = dx <= 1 || dy <= 1;
      if (kind % 4 == 3) inside = dx + dy <= r && dx + dy >= r - 3;
      if (!inside) continue;
      for (size_t c = 0; c < 3; ++c) {
        image.pixels[(static_cast<size_t>(y) * 32 + static_cast<size_t>(x)) * 3 + c] =
            kColours[kind / 4][c];
      }
    }
  }
  return image;
}

inline std::string shape_caption(uint64_t kind) {
  constexpr const char* kShapes[4] = {"square", "disc", "cross", "diamond"};
  constexpr const char* kNames[4] = {"red", "green", "blue", "yellow"};
  return fmt::format("a {} {}", kNames[kind / 4], kShapes[kind % 4]);
}

inline Record shape_record(uint64_t kind, uint64_t number) {
  Record record;
  record.key = fmt::format("shape-{:02}-{:03}", kind, number);
  record.image = encode_png(shape_image(kind, number));
  record.image_extension = "png";
  record.caption = shape_caption(kind);
  record.synthetic["syn_text"] = {shape_caption(kind) + " on a light ground",
                                  "a drawing of " + shape_caption(kind)};
  return record;
}

/// `shards` shards of `per_shard` records each; classes take turns.
inline std::string shape_shards(size_t shards, size_t per_shard) {
  const std::string folder = fresh_folder("shapes");
  uint64_t number = 0;
  for (size_t s = 0; s < shards; ++s) {
    ShardWriter writer(fmt::format("{}/{:05}.tar", folder, s));
    for (size_t i = 0; i < per_shard; ++i, ++number) {
      writer.add(make_sample(shape_record(number % 16, number / 16), EmbeddingFormat::kNpzFloat32));
    }
    writer.finish();
  }
  return folder;
}

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_TEST_SUPPORT_H_
