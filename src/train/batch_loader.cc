#include "train/batch_loader.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <regex>
#include <thread>
#include <unordered_map>

#include "base/error.h"
#include "base/thread_pool.h"
#include "engine/model.h"
#include "image/decode.h"
#include "image/preprocess.h"
#include "text/tokenizer.h"

namespace mobileclip::train {
namespace {

constexpr size_t kAhead = 2;  // batches made before they are asked for

/// What the draws of a visit are for.
enum Draw : uint64_t { kView = 1, kSyntheticKey, kSyntheticIndex, kFreshView };

/// One visit of a record, with all its choices made.
struct Visit {
  std::shared_ptr<const Record> record;
  uint64_t epoch = 0;
  size_t view = 0;  // stored augmentation
  std::string synthetic_key;
  size_t synthetic_index = 0;
};

/// Throws kDamaged with what is missing.
Visit make_visit(const StreamItem& item, const TrainConfig& config, const std::regex& keys) {
  Visit visit{item.record, item.epoch, 0, "", 0};
  const Record& record = *item.record;
  const uint64_t uid = hash_name(record.key);
  const auto draw = [&](Draw what, size_t n) {
    return CounterRng(config.seed, item.epoch, uid, what).below(n);
  };
  if (!record.caption) fail(ErrorCode::kDamaged, "no caption");
  if (config.augment.mode == AugmentMode::kStored) {
    if (!record.reinforcement) fail(ErrorCode::kDamaged, "no stored augmentations");
    const size_t views = record.reinforcement->augmentations.size();
    if (views == 0) fail(ErrorCode::kDamaged, "no stored augmentations");
    visit.view = draw(kView, views);
  }
  if (config.loss.distill_weight > 0 && record.reinforcement->text.rows == 0) {
    fail(ErrorCode::kDamaged, "no embedding of the caption");
  }
  if (!config.synthetic) return visit;
  std::vector<std::string> candidates;
  for (const auto& [key, captions] : record.synthetic) {
    if (!captions.empty() && std::regex_search(key, keys)) candidates.push_back(key);
  }
  if (candidates.empty()) fail(ErrorCode::kDamaged, "no synthetic caption");
  visit.synthetic_key = candidates[draw(kSyntheticKey, candidates.size())];
  visit.synthetic_index = draw(kSyntheticIndex, record.synthetic.at(visit.synthetic_key).size());
  return visit;
}

const std::string& synthetic_caption(const Visit& visit) {
  return visit.record->synthetic.at(visit.synthetic_key)[visit.synthetic_index];
}

/// Decoded images, kept while they fit.
class DecodedCache {
 public:
  std::shared_ptr<const RgbImage> get(const Record& record) {
    {
      const std::scoped_lock lock(mutex_);
      const auto found = images_.find(&record);
      if (found != images_.end()) return found->second;
    }
    auto image = std::make_shared<const RgbImage>(
        decode_image(std::as_bytes(std::span(record.image)), {.apply_exif_orientation = false})
            .image);
    const std::scoped_lock lock(mutex_);
    if (bytes_ + image->pixels.size() <= kLimit) {
      bytes_ += image->pixels.size();
      images_.emplace(&record, image);
    }
    return image;
  }

 private:
  static constexpr size_t kLimit = size_t{2} << 30;
  std::mutex mutex_;
  std::unordered_map<const Record*, std::shared_ptr<const RgbImage>> images_;
  size_t bytes_ = 0;
};

}  // namespace

struct BatchLoader::Impl {
  Impl(const TrainConfig& train, const ModelConfig& student, int rank_, int world_,
       const StreamCursor& from)
      : config(train),
        model(student),
        rank(rank_),
        world(world_),
        keys(train.synthetic_keys),
        stream({train.shards, train.seed, train.shuffle_buffer}),
        pool(static_cast<int>(train.workers)) {
    stream.seek(from);
    thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  void run(const std::stop_token& stop) {
    try {
      while (!stop.stop_requested()) {
        Batch batch = make();
        std::unique_lock lock(mutex);
        room.wait(lock, stop, [&] { return ready.size() < kAhead; });
        ready.push_back(std::move(batch));
        filled.notify_one();
      }
    } catch (...) {
      const std::scoped_lock lock(mutex);
      failure = std::current_exception();
      filled.notify_one();
    }
  }

  /// The visits of one global batch; every rank makes the same ones. Whether an image decodes is
  /// part of it, so that no rank sees another batch.
  std::vector<Visit> visits() {
    std::vector<Visit> out;
    size_t failures = 0;
    while (out.size() < static_cast<size_t>(config.batch)) {
      const StreamItem item = stream.next();
      try {
        Visit visit = make_visit(item, config, keys);
        if (bad.contains(item.record->key)) continue;
        out.push_back(std::move(visit));
      } catch (const Error& error) {
        const std::scoped_lock lock(mutex);
        ++skipped[error.message()];
        if (++failures > 100 * static_cast<size_t>(config.batch)) {
          fail(ErrorCode::kDamaged, "no usable records: {}", error.message());
        }
      }
    }
    return out;
  }

  /// The view as the student sees it, 3 × S × S floats.
  void render(const Visit& visit, float* out) {
    const PreprocessConfig contract = preprocess_config(model);
    const std::shared_ptr<const RgbImage> image = cache.get(*visit.record);
    Augmentation augmentation;
    if (config.augment.mode == AugmentMode::kStored) {
      augmentation = visit.record->reinforcement->augmentations[visit.view];
    } else if (config.augment.mode == AugmentMode::kRandom) {
      CounterRng rng(config.seed, visit.epoch, hash_name(visit.record->key), kFreshView);
      augmentation = sample_augmentation(
          image->width, image->height,
          {.scale_low = config.augment.scale_low, .ops = config.augment.ops, .size = contract.size},
          rng);
    }
    // The paper trains with bicubic whatever inference uses.
    to_float_chw(replay(*image, augmentation, contract.size), contract, out);
  }

  void encode_captions(const std::vector<Visit>& rows, Batch& batch) {
    const auto context = static_cast<size_t>(model.text.context);
    std::vector<int64_t> ids, real, synthetic;
    std::unordered_map<std::string, int64_t> known;
    const auto row_of = [&](const std::string& caption) {
      const auto [at, fresh] = known.emplace(caption, static_cast<int64_t>(known.size()));
      if (fresh) {
        const Tokens tokens = Tokenizer::shared().encode(caption, model.text.context);
        ids.insert(ids.end(), tokens.ids.begin(), tokens.ids.end());
        ids.resize(known.size() * context, 0);
      }
      return at->second;
    };
    for (const Visit& visit : rows) real.push_back(row_of(*visit.record->caption));
    if (config.synthetic) {
      for (const Visit& visit : rows) synthetic.push_back(row_of(synthetic_caption(visit)));
      batch.synthetic = torch::tensor(synthetic);
    }
    batch.real = torch::tensor(real);
    batch.captions = torch::tensor(ids).view({-1, model.text.context});
  }

  void take_embeddings(const std::vector<Visit>& rows, Batch& batch) const {
    if (config.loss.distill_weight == 0) return;
    std::vector<torch::Tensor> image, text, synthetic;
    const auto row = [](const Matrix& m, size_t i) {
      return torch::from_blob(const_cast<float*>(m.row(i)), {static_cast<int64_t>(m.cols)});
    };
    for (const Visit& visit : rows) {
      const Reinforcement& r = *visit.record->reinforcement;
      image.push_back(row(r.image, visit.view));
      text.push_back(row(r.text, 0));
      if (config.synthetic) {
        synthetic.push_back(row(r.synthetic.at(visit.synthetic_key), visit.synthetic_index));
      }
    }
    batch.teacher_image = torch::stack(image);
    batch.teacher_text = torch::stack(text);
    if (config.synthetic) batch.teacher_synthetic = torch::stack(synthetic);
  }

  Batch make() {
    for (;;) {
      const StreamCursor start = stream.cursor();
      const std::vector<Visit> all = visits();
      const size_t n = all.size() / static_cast<size_t>(world);
      const auto first = all.begin() + static_cast<ptrdiff_t>(n * static_cast<size_t>(rank));
      const std::vector<Visit> rows(first, first + static_cast<ptrdiff_t>(n));
      Batch batch;
      const auto size = static_cast<int64_t>(model.image_size);
      batch.images = torch::empty({static_cast<int64_t>(n), 3, size, size});
      float* pixels = batch.images.data_ptr<float>();
      std::vector<std::string> errors(n);
      pool.parallel_for(n, [&](size_t i, int) {
        try {
          render(rows[i], pixels + i * static_cast<size_t>(3 * size * size));
        } catch (const Error& error) {
          errors[i] = error.message();
        }
      });
      if (!note_errors(rows, errors)) {
        encode_captions(rows, batch);
        take_embeddings(rows, batch);
        batch.next = stream.cursor();
        return batch;
      }
      stream.seek(start);  // the same batch without the records that failed
    }
  }

  bool note_errors(const std::vector<Visit>& rows, const std::vector<std::string>& errors) {
    bool any = false;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (errors[i].empty()) continue;
      any = true;
      if (world > 1) {
        fail(ErrorCode::kDamaged, "record {}: {}; with several processes every image must decode",
             quote(rows[i].record->key), errors[i]);
      }
      if (bad.insert(rows[i].record->key).second) {
        const std::scoped_lock lock(mutex);
        ++skipped[errors[i]];
      }
    }
    return any;
  }

  TrainConfig config;
  ModelConfig model;
  int rank, world;
  std::regex keys;
  RecordStream stream;
  ThreadPool pool;
  DecodedCache cache;
  std::set<std::string> bad;

  std::mutex mutex;
  std::condition_variable_any room, filled;
  std::deque<Batch> ready;
  std::exception_ptr failure;
  std::map<std::string, uint64_t> skipped;
  std::jthread thread;  // last: it uses all of the above
};

BatchLoader::BatchLoader(const TrainConfig& config, const ModelConfig& model, int rank, int world,
                         const StreamCursor& from)
    : impl_(std::make_unique<Impl>(config, model, rank, world, from)) {}

BatchLoader::~BatchLoader() = default;

Batch BatchLoader::next() {
  std::unique_lock lock(impl_->mutex);
  impl_->filled.wait(lock, [&] { return !impl_->ready.empty() || impl_->failure; });
  if (impl_->ready.empty()) std::rethrow_exception(impl_->failure);
  Batch batch = std::move(impl_->ready.front());
  impl_->ready.pop_front();
  impl_->room.notify_one();
  return batch;
}

std::map<std::string, uint64_t> BatchLoader::skipped() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->skipped;
}

}  // namespace mobileclip::train
