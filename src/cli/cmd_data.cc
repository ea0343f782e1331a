// data join | inspect: shards of image-text records.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/atomic_file.h"
#include "cli/command.h"
#include "data/record.h"
#include "data/shard_writer.h"
#include "image/decode.h"
#include "image/png_writer.h"

namespace mobileclip::cli {
namespace {

namespace fs = std::filesystem;

/// Samples of a shard by key.
std::map<std::string, Sample> read_shard(const std::string& path) {
  ShardReader reader(path);
  std::map<std::string, Sample> out;
  while (std::optional<Sample> sample = reader.next()) out.emplace(sample->key, *sample);
  if (reader.report().truncated) {
    fail(ErrorCode::kDamaged, "{} is cut short: {} whole samples", path, out.size());
  }
  return out;
}

/// Captions, augmentations and embeddings are the other shard's where it has them, all else the
/// image shard's.
void merge_reinforcement(Sample& sample, Sample& other) {
  if (other.members.contains("npz") || other.members.contains("pth.gz")) {
    for (const char* stale : {"npz", "pth.gz", "paug.json"}) sample.members.erase(stale);
  }
  if (other.members.contains("syn.json")) sample.members.erase("syn.json");
  sample.members.merge(other.members);
}

struct JoinCounts {
  size_t joined = 0, only_images = 0, only_reinforced = 0;
};

/// One shard: the samples of `images` in their order with the members of `other` added.
void join_shard(const std::string& images, const std::string& other, const fs::path& to,
                JoinCounts& counts) {
  std::map<std::string, Sample> extra = read_shard(other);
  ShardReader reader(images);
  ShardWriter writer(to.string());
  while (std::optional<Sample> sample = reader.next()) {
    const auto found = extra.find(sample->key);
    if (found == extra.end()) {
      ++counts.only_images;
      continue;
    }
    merge_reinforcement(*sample, found->second);
    extra.erase(found);
    parse_record(*sample);  // it must make sense together
    writer.add(*sample);
    ++counts.joined;
  }
  if (reader.report().truncated) fail(ErrorCode::kDamaged, "{} is cut short", images);
  counts.only_reinforced += extra.size();
  writer.finish();
}

ExitCode join(const Arguments& arguments, Output& out) {
  if (arguments.positional().size() != 3 || !arguments.has("output")) {
    throw UsageError("data join: IMAGE_SHARDS REINFORCEMENT_SHARDS -o DIR are needed");
  }
  const std::vector<std::string> images = expand_shards(arguments.positional()[1]);
  std::map<std::string, std::string> others;
  for (const std::string& path : expand_shards(arguments.positional()[2])) {
    others[fs::path(path).filename().string()] = path;
  }
  const std::string folder = arguments.one("output");
  fs::create_directories(folder);
  JoinCounts counts;
  size_t before = 0, missing = 0;
  for (const std::string& image : images) {
    const std::string name = fs::path(image).filename().string();
    const fs::path to = fs::path(folder) / name;
    if (fs::exists(to)) {
      if (fs::equivalent(to, image)) {
        fail(ErrorCode::kInvalidArgument, "the output folder holds the input shard {}", image);
      }
      ++before;
    } else if (others.contains(name)) {
      join_shard(image, others[name], to, counts);
    } else {
      ++missing;
      message(fmt::format("{}: no shard of that name among the reinforcements", name));
    }
  }
  out.line(fmt::format(
      "{} records joined; {} only in the image shards, {} only in the others; {} shards were there",
      counts.joined, counts.only_images, counts.only_reinforced, before));
  const size_t left_out = counts.only_images + counts.only_reinforced + missing;
  if (left_out == 0) return kOk;
  return counts.joined == 0 && before == 0 ? kFailure : kSomeFailed;
}

/// `image` fitted into a white square.
RgbImage fitted(const RgbImage& image, size_t size) {
  const double scale =
      static_cast<double>(size) / static_cast<double>(std::max(image.width, image.height));
  const auto extent = [&](size_t n) {
    return std::clamp<size_t>(static_cast<size_t>(static_cast<double>(n) * scale + 0.5), 1, size);
  };
  const size_t width = extent(image.width), height = extent(image.height);
  const RgbImage small =
      resample_window(image, width, height, Interpolation::kBicubic, {0, 0, width, height});
  RgbImage out{size, size, std::vector<uint8_t>(3 * size * size, 255)};
  for (size_t y = 0; y < height; ++y) {
    std::copy_n(small.pixels.begin() + static_cast<ptrdiff_t>(3 * y * width), 3 * width,
                out.pixels.begin() + static_cast<ptrdiff_t>(3 * y * size));
  }
  return out;
}

/// Squares of one size in rows of six.
RgbImage contact_sheet(const std::vector<RgbImage>& tiles, size_t size) {
  constexpr size_t kColumns = 6;
  const size_t columns = std::min(kColumns, tiles.size());
  const size_t rows = (tiles.size() + columns - 1) / columns;
  RgbImage out{columns * size, rows * size, {}};
  out.pixels.assign(3 * out.width * out.height, 255);
  for (size_t i = 0; i < tiles.size(); ++i) {
    for (size_t y = 0; y < size; ++y) {
      const size_t at = 3 * (((i / columns) * size + y) * out.width + (i % columns) * size);
      std::copy_n(tiles[i].pixels.begin() + static_cast<ptrdiff_t>(3 * y * size), 3 * size,
                  out.pixels.begin() + static_cast<ptrdiff_t>(at));
    }
  }
  return out;
}

void write_sheet(const Record& record, const std::string& path, int size) {
  if (record.image.empty()) {
    fail(ErrorCode::kNotFound, "record {} has no image", quote(record.key));
  }
  const RgbImage image =
      decode_image(std::as_bytes(std::span(record.image)), {.apply_exif_orientation = false}).image;
  std::vector<RgbImage> tiles{fitted(image, static_cast<size_t>(size))};
  if (record.reinforcement) {
    for (const Augmentation& one : record.reinforcement->augmentations) {
      tiles.push_back(replay(image, one, size));
    }
  }
  AtomicFile file(path);
  file.write(encode_png(contact_sheet(tiles, static_cast<size_t>(size))));
  file.commit();
}

nlohmann::ordered_json describe(const Record& record, const std::set<std::string>& members) {
  nlohmann::ordered_json out;
  out["key"] = record.key;
  out["members"] = members;
  out["caption"] = record.caption ? nlohmann::json(*record.caption) : nlohmann::json();
  out["synthetic"] = record.synthetic;
  if (record.reinforcement) {
    out["augmentations"] = record.reinforcement->augmentations.size();
    out["teacher_columns"] = record.reinforcement->image.cols;
  }
  return out;
}

ExitCode inspect(const Arguments& arguments, Output& out) {
  if (arguments.positional().size() != 2) throw UsageError("data inspect: one SHARD is needed");
  const std::string key = arguments.one("key");
  ShardReader reader(arguments.positional()[1]);
  std::optional<Record> chosen;
  std::set<std::string> members;
  while (std::optional<Sample> sample = reader.next()) {
    if (chosen || (!key.empty() && sample->key != key)) continue;
    chosen = parse_record(*sample);
    for (const auto& [name, bytes] : sample->members) members.insert(name);
  }
  nlohmann::ordered_json about;
  about["samples"] = reader.report().samples;
  about["truncated"] = reader.report().truncated;
  about["skipped"] = reader.report().skipped;
  if (!chosen) {
    fail(ErrorCode::kNotFound, "{}: {}", arguments.positional()[1],
         key.empty() ? "no sample" : fmt::format("no sample with the key {}", quote(key)));
  }
  about["record"] = describe(*chosen, members);
  const int indent = arguments.has("json") ? -1 : 2;
  out.line(about.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace));
  if (arguments.has("output")) {
    write_sheet(*chosen, arguments.one("output"), arguments.number("size", 128, 8, 1024));
  }
  return reader.report().truncated ? kIntegrity : kOk;
}

ExitCode run(const Arguments& arguments, Output& out) {
  const std::string verb = arguments.positional().empty() ? "" : arguments.positional()[0];
  if (verb == "join") return join(arguments, out);
  if (verb == "inspect") return inspect(arguments, out);
  throw UsageError("data: join or inspect is needed (--help)");
}

}  // namespace

Command data_command() {
  return {"data",
          "join IMAGE_SHARDS REINFORCEMENT_SHARDS -o DIR | inspect SHARD [-o SHEET.png]",
          "merges shards by key, or looks at a record and its augmented views",
          {{"output", 'o', Arity::kOne, "OUT", "join: folder; inspect: contact sheet (PNG)"},
           {"key", '\0', Arity::kOne, "KEY", "inspect: this record instead of the first"},
           {"size", '\0', Arity::kOne, "S", "inspect: pixels of a view (128)"}},
          run};
}

}  // namespace mobileclip::cli
