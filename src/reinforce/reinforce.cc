#include "reinforce/reinforce.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/result.h"
#include "data/shard_writer.h"
#include "image/decode.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr size_t kRecordsAtOnce = 64;
constexpr uint64_t kViewDraw = hash_name("reinforce.view");

/// Records that go through the teachers together.
struct Work {
  std::vector<Record> records;
  std::vector<RgbImage> images;
};

struct Rejects {
  std::string lines;
  uint64_t count = 0;
  void add(const std::string& key, const Error& error) {
    lines +=
        nlohmann::json{
            {"key", key},
            {"error",
             {{"code", std::string(error_code_name(error.code()))}, {"message", error.message()}}}}
            .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    lines += '\n';
    ++count;
  }
};

Matrix rows_of(const Matrix& all, size_t first, size_t count) {
  Matrix out{count, all.cols, {}};
  out.values.assign(all.row(first), all.row(first) + count * all.cols);
  return out;
}

std::vector<Augmentation> draw_views(const Record& record, const RgbImage& image,
                                     const ReinforceOptions& options) {
  std::vector<Augmentation> out;
  for (size_t i = 0; i < options.augmentations; ++i) {
    CounterRng rng(options.seed, i, hash_name(record.key), kViewDraw);
    out.push_back(sample_augmentation(image.width, image.height, options.policy, rng));
  }
  return out;
}

std::vector<std::string> texts_of(const Record& record) {
  std::vector<std::string> out;
  if (record.caption) out.push_back(*record.caption);
  for (const auto& [key, captions] : record.synthetic) {
    out.insert(out.end(), captions.begin(), captions.end());
  }
  return out;
}

/// Decodes `images` of the records; those that fail go to the rejects.
Work decode_all(std::vector<Record> records, ThreadPool& pool, Rejects& rejects) {
  std::vector<Result<RgbImage>> decoded(records.size(), RgbImage{});
  pool.parallel_for(records.size(), [&](size_t i, int) {
    decoded[i] = try_result([&] {
      if (records[i].image.empty()) fail(ErrorCode::kDamaged, "the record has no image");
      if (!records[i].caption) fail(ErrorCode::kDamaged, "the record has no caption");
      return decode_image(std::as_bytes(std::span(records[i].image)),
                          {.apply_exif_orientation = false})
          .image;
    });
  });
  Work work;
  for (size_t i = 0; i < records.size(); ++i) {
    if (!decoded[i]) {
      rejects.add(records[i].key, decoded[i].error());
      continue;
    }
    work.images.push_back(std::move(*decoded[i]));
    work.records.push_back(std::move(records[i]));
  }
  return work;
}

/// Encodes the augmentations and captions of whole records. Throws if one row is not finite.
void encode(Work& work, Teachers& teachers) {
  std::vector<View> views;
  std::vector<std::string> texts;
  for (size_t i = 0; i < work.records.size(); ++i) {
    for (const Augmentation& one : work.records[i].reinforcement->augmentations) {
      views.push_back({i, &one});
    }
    const std::vector<std::string> own = texts_of(work.records[i]);
    texts.insert(texts.end(), own.begin(), own.end());
  }
  const Matrix image = teachers.encode_views(work.images, views);
  const Matrix text = teachers.encode_texts(texts);
  size_t view = 0, row = 0;
  for (Record& record : work.records) {
    Reinforcement& r = *record.reinforcement;
    r.image = rows_of(image, view, r.augmentations.size());
    view += r.augmentations.size();
    r.text = rows_of(text, row, record.caption ? 1 : 0);
    row += r.text.rows;
    for (const auto& [key, captions] : record.synthetic) {
      r.synthetic[key] = rows_of(text, row, captions.size());
      row += captions.size();
    }
  }
}

/// The same, one by one if they fail together.
void encode_or_reject(Work& work, Teachers& teachers, Rejects& rejects) {
  try {
    encode(work, teachers);
    return;
  } catch (const Error&) {
    Work good;
    for (size_t i = 0; i < work.records.size(); ++i) {
      Work one;
      one.records.push_back(std::move(work.records[i]));
      one.images.push_back(std::move(work.images[i]));
      try {
        encode(one, teachers);
        good.records.push_back(std::move(one.records[0]));
      } catch (const Error& error) {
        rejects.add(one.records[0].key, error);
      }
    }
    work = std::move(good);
  }
}

/// The next records of a shard, up to kRecordsAtOnce; empty at its end.
std::vector<Record> take(ShardReader& reader, Rejects& rejects) {
  std::vector<Record> out;
  while (out.size() < kRecordsAtOnce) {
    const std::optional<Sample> sample = reader.next();
    if (!sample) break;
    try {
      out.push_back(parse_record(*sample));
    } catch (const Error& error) {
      rejects.add(sample->key, error);
    }
  }
  return out;
}

class Generator {
 public:
  Generator(Teachers& teachers, const ReinforceOptions& options, ThreadPool& pool,
            const std::function<void(uint64_t)>& progress)
      : teachers_(teachers), options_(options), pool_(pool), progress_(progress) {
    options_.policy.size = teachers.image_size();
  }

  void shard(const std::string& from, const fs::path& to, ReinforceReport& report) {
    ShardReader reader(from);
    ShardWriter writer(to.string());
    Rejects rejects;
    for (;;) {
      std::vector<Record> records = take(reader, rejects);
      if (records.empty()) break;
      Work work = decode_all(std::move(records), pool_, rejects);
      for (size_t i = 0; i < work.records.size(); ++i) {
        work.records[i].reinforcement.emplace();
        work.records[i].reinforcement->augmentations =
            draw_views(work.records[i], work.images[i], options_);
      }
      encode_or_reject(work, teachers_, rejects);
      write(work, writer);
      report.records += work.records.size();
      if (progress_) progress_(report.records);
    }
    if (reader.report().truncated) {
      rejects.add("", Error(ErrorCode::kDamaged, from + ": the shard is cut short"));
    }
    report.rejected += rejects.count;
    if (rejects.count > 0) write_rejects(to, rejects);
    writer.finish();
    ++report.shards;
  }

 private:
  void write(Work& work, ShardWriter& writer) {
    std::vector<Sample> samples(work.records.size());
    pool_.parallel_for(samples.size(), [&](size_t i, int) {
      if (!options_.images) work.records[i].image.clear();
      samples[i] = make_sample(work.records[i], options_.format);
    });
    for (const Sample& sample : samples) writer.add(sample);
  }

  static void write_rejects(const fs::path& shard, const Rejects& rejects) {
    const fs::path folder = shard.parent_path() / "rejects";
    fs::create_directories(folder);
    AtomicFile file((folder / shard.filename()).string() + ".jsonl");
    file.write(rejects.lines);
    file.commit();
  }

  Teachers& teachers_;
  ReinforceOptions options_;
  ThreadPool& pool_;
  const std::function<void(uint64_t)>& progress_;
};

/// bfloat16 rows are not of unit length any more.
double cosine_of(const float* a, const float* b, size_t n) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < n; ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

/// The lowest cosine over rows and teachers.
double worst_row(const Matrix& stored, const Matrix& fresh, const std::vector<size_t>& dims) {
  if (stored.cols != fresh.cols || stored.rows != fresh.rows) return -1;
  double worst = 1;
  for (size_t i = 0; i < stored.rows; ++i) {
    size_t column = 0;
    for (const size_t dim : dims) {
      worst = std::min(worst, cosine_of(stored.row(i) + column, fresh.row(i) + column, dim));
      column += dim;
    }
  }
  return worst;
}

void verify_record(Record record, Teachers& teachers, VerifyReport& report) {
  if (!record.reinforcement) {
    fail(ErrorCode::kDamaged, "record {} has no stored embeddings", quote(record.key));
  }
  const Reinforcement stored = *record.reinforcement;
  Work work;
  work.images.push_back(
      decode_image(std::as_bytes(std::span(record.image)), {.apply_exif_orientation = false})
          .image);
  work.records.push_back(std::move(record));
  encode(work, teachers);
  const Reinforcement& fresh = *work.records[0].reinforcement;
  const double view = worst_row(stored.image, fresh.image, teachers.dims());
  double caption = worst_row(stored.text, fresh.text, teachers.dims());
  for (const auto& [key, matrix] : stored.synthetic) {
    caption = std::min(caption, worst_row(matrix, fresh.synthetic.at(key), teachers.dims()));
    report.captions += matrix.rows;
  }
  if (std::min(view, caption) < std::min(report.worst_view, report.worst_caption)) {
    report.worst_key = work.records[0].key;
  }
  report.worst_view = std::min(report.worst_view, view);
  report.worst_caption = std::min(report.worst_caption, caption);
  report.views += stored.image.rows;
  report.captions += stored.text.rows;
  ++report.records;
}

}  // namespace

ReinforceReport reinforce_shards(const std::vector<std::string>& shards, const std::string& out,
                                 Teachers& teachers, const ReinforceOptions& options,
                                 const std::function<void(uint64_t)>& progress,
                                 const std::atomic<bool>& stop, ThreadPool& pool) {
  fs::create_directories(out);
  Generator generator(teachers, options, pool, progress);
  ReinforceReport report;
  for (const std::string& shard : shards) {
    if (stop.load()) break;
    const fs::path to = fs::path(out) / fs::path(shard).filename();
    if (fs::exists(to)) {
      if (fs::equivalent(to, shard)) {
        fail(ErrorCode::kInvalidArgument, "the output folder holds the input shard {}", shard);
      }
      ++report.shards_done_before;
      continue;
    }
    generator.shard(shard, to, report);
  }
  return report;
}

VerifyReport verify_shards(const std::vector<std::string>& shards, Teachers& teachers,
                           size_t sample) {
  VerifyReport report;
  for (const std::string& shard : shards) {
    ShardReader reader(shard);
    for (size_t i = 0; i < sample; ++i) {
      const std::optional<Sample> one = reader.next();
      if (!one) break;
      verify_record(parse_record(*one), teachers, report);
    }
  }
  return report;
}

}  // namespace mobileclip
