#include "engine/image_stream.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <thread>

#include "base/mapped_file.h"
#include "engine/session.h"

namespace mobileclip {
namespace {

using Clock = std::chrono::steady_clock;
using Rows = std::vector<Result<Embedding>>;

constexpr size_t kMaxImageFile = size_t{1} << 30;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Seconds of one thread.
struct Spent {
  double decode = 0, resize = 0, network = 0;
  Spent& operator+=(const Spent& other) {
    decode += other.decode;
    resize += other.resize;
    network += other.network;
    return *this;
  }
};

Result<RgbImage> load_timed(const std::string& path, const PreprocessConfig& config,
                            const DecodeOptions& options, Spent& spent) {
  const Clock::time_point begin = Clock::now();
  double decoded = -1;
  const auto load = [&]() -> Result<RgbImage> {
    try {
      const auto file = MappedFile::open(path, kMaxImageFile);
      const DecodedImage image = decode_image(file->bytes(), options);
      decoded = since(begin);
      return resize_and_crop(image.image, config);
    } catch (const Error& error) {
      return error;
    } catch (const std::bad_alloc&) {
      return Error(ErrorCode::kTooLarge, "not enough memory to decode the image");
    }
  };
  Result<RgbImage> crop = load();
  const double all = since(begin);
  spent.decode += decoded < 0 ? all : decoded;
  spent.resize += decoded < 0 ? 0 : all - decoded;
  return crop;
}

/// The good crops through the network together; one row or error each.
Rows encode(Session& session, std::span<Result<RgbImage>> crops, bool normalize, Spent& spent) {
  const Clock::time_point begin = Clock::now();
  const auto dim = static_cast<size_t>(session.model().config().embed_dim);
  std::vector<RgbImage> good;
  for (Result<RgbImage>& crop : crops) {
    if (crop.ok()) good.push_back(std::move(*crop));
  }
  std::vector<float> values(good.size() * dim);
  session.encode_crops(good, values.data());
  Rows rows;
  size_t row = 0;
  for (const Result<RgbImage>& crop : crops) {
    if (crop.ok()) {
      rows.push_back(finish_embedding({&values[row++ * dim], dim}, normalize));
    } else {
      rows.emplace_back(crop.error());
    }
  }
  spent.network += since(begin);
  return rows;
}

struct Job {
  const std::shared_ptr<const Model>& model;
  std::span<const std::string> paths;
  const ImageStreamOptions& options;
  PreprocessConfig config;
  DecodeOptions decode;
};

using Take = std::function<void(size_t first, std::span<const Result<Embedding>> rows)>;

/// All threads decode a chunk, then all compute it, batch by batch.
Spent run_together(const Job& job, ThreadPool& pool, const Take& take) {
  Session session(job.model, pool);
  const auto threads = static_cast<size_t>(pool.threads());
  std::vector<Spent> spent(threads);
  // Whole batches, enough to keep every thread decoding.
  const size_t batch = job.options.batch;
  const size_t chunk = threads == 1 ? batch : (2 * threads + batch - 1) / batch * batch;
  for (size_t begin = 0; begin < job.paths.size(); begin += chunk) {
    const size_t count = std::min(chunk, job.paths.size() - begin);
    std::vector<Result<RgbImage>> crops(count, Result<RgbImage>(RgbImage{}));
    pool.parallel_for(count, [&](size_t i, int worker) {
      crops[i] = load_timed(job.paths[begin + i], job.config, job.decode,
                            spent[static_cast<size_t>(worker)]);
    });
    for (size_t first = 0; first < count; first += batch) {
      const std::span part = std::span(crops).subspan(first, std::min(batch, count - first));
      Spent network;
      const Rows rows = encode(session, part, job.options.normalize, network);
      spent[0].network += network.network * static_cast<double>(threads);
      take(begin + first, rows);
    }
  }
  Spent sum;
  for (const Spent& one : spent) sum += one;
  return sum;
}

/// Threads that each take the next few images until none are left; the caller takes the rows.
class Stream {
 public:
  Stream(const Job& job, int threads) : job_(job), threads_(static_cast<size_t>(threads)) {}

  Spent run(const Take& take) {
    std::vector<std::thread> workers;
    for (size_t i = 0; i < threads_; ++i) workers.emplace_back([this] { work(); });
    std::exception_ptr error;
    try {
      take_all(take);
    } catch (...) {
      error = std::current_exception();
    }
    stop(nullptr);
    for (std::thread& worker : workers) worker.join();
    if (error) std::rethrow_exception(error);
    return spent_;
  }

 private:
  struct Range {
    size_t first, count;
  };

  /// Smaller batches towards the end, so that the threads end together. None: count 0.
  Range next() {
    std::unique_lock lock(mutex_);
    const size_t window = kImagesAhead * threads_;
    room_.wait(lock, [&] { return stopped_ || begun_ - taken_ < window; });
    const size_t left = job_.paths.size() - begun_;
    if (stopped_ || left == 0) return {0, 0};
    const size_t fair = std::max<size_t>(1, left / (2 * threads_));
    const Range range{begun_, std::min(job_.options.batch, fair)};
    begun_ += range.count;
    return range;
  }

  void work() {
    Spent spent;
    try {
      ThreadPool alone(1);
      Session session(job_.model, alone);
      for (Range range = next(); range.count != 0; range = next()) {
        std::vector<Result<RgbImage>> crops;
        for (const std::string& path : job_.paths.subspan(range.first, range.count)) {
          crops.push_back(load_timed(path, job_.config, job_.decode, spent));
        }
        Rows rows = encode(session, crops, job_.options.normalize, spent);
        const std::lock_guard lock(mutex_);
        done_.emplace(range.first, std::move(rows));
        ready_.notify_one();
      }
    } catch (...) {
      stop(std::current_exception());
    }
    const std::lock_guard lock(mutex_);
    spent_ += spent;
  }

  void take_all(const Take& take) {
    for (size_t first = 0; first < job_.paths.size();) {
      Rows rows;
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return error_ || done_.contains(first); });
        if (error_) std::rethrow_exception(error_);
        rows = std::move(done_.extract(first).mapped());
        taken_ = first + rows.size();
      }
      room_.notify_all();
      take(first, rows);
      first += rows.size();
    }
  }

  void stop(const std::exception_ptr& error) {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      if (error && !error_) error_ = error;
    }
    room_.notify_all();
    ready_.notify_all();
  }

  const Job& job_;
  const size_t threads_;
  std::mutex mutex_;  // of all below
  std::condition_variable ready_, room_;
  size_t begun_ = 0, taken_ = 0;  // images
  std::map<size_t, Rows> done_;   // by the first image, not yet taken
  Spent spent_;
  bool stopped_ = false;
  std::exception_ptr error_;
};

}  // namespace

Result<Embedding> finish_embedding(std::span<const float> row, bool normalize) {
  Embedding out(row.begin(), row.end());
  if (!row_is_finite(out)) {
    return Error(ErrorCode::kNonFinite, "the embedding is not finite: the weights are extreme");
  }
  if (!normalize) return out;
  return try_result([&] {
    normalize_rows(out.data(), 1, out.size());
    return out;
  });
}

Result<RgbImage> load_image(const std::string& path, const PreprocessConfig& config,
                            const DecodeOptions& options) {
  Spent spent;
  return load_timed(path, config, options, spent);
}

ImageStreamTimes embed_image_files(const std::shared_ptr<const Model>& model, ThreadPool& pool,
                                   std::span<const std::string> paths,
                                   const ImageStreamOptions& options, const Take& take) {
  const Clock::time_point begin = Clock::now();
  Job job{model, paths, options, model->preprocess(), options.decode};
  if (options.fast_decode) job.decode.scaled_edge = static_cast<size_t>(job.config.size);
  const int threads = pool.threads();
  const bool few = threads == 1 || paths.size() < 2 * static_cast<size_t>(threads);
  const Spent spent = few ? run_together(job, pool, take) : Stream(job, threads).run(take);
  ImageStreamTimes out;
  out.seconds = since(begin);
  const double all = out.seconds * threads;
  out.decode = spent.decode / all;
  out.resize = spent.resize / all;
  out.network = spent.network / all;
  out.wait = std::max(0.0, 1 - out.decode - out.resize - out.network);
  return out;
}

}  // namespace mobileclip
