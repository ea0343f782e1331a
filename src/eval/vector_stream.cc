#include "eval/vector_stream.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "base/error.h"

namespace mobileclip::eval {
namespace {

Result<RgbImage> decode(const std::string& bytes, const PreprocessConfig& preprocess) {
  DecodeOptions options;
  options.apply_exif_orientation = false;
  try {
    return load_crop(std::as_bytes(std::span(bytes.data(), bytes.size())), preprocess, options);
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kTooLarge, "not enough memory to decode the image");
  }
}

/// Decodes the images of the run and computes them together.
void embed_run(Session& session, const PreprocessConfig& preprocess, std::vector<VectorItem>& run) {
  const auto dim = static_cast<size_t>(session.model().config().embed_dim);
  std::vector<RgbImage> crops;
  std::vector<VectorItem*> owners;
  for (VectorItem& item : run) {
    const std::string image = std::exchange(item.sample.image, std::string());
    if (image.empty()) continue;
    Result<RgbImage> crop = decode(image, preprocess);
    if (!crop.ok()) {
      item.row = crop.error();
      continue;
    }
    crops.push_back(std::move(*crop));
    owners.push_back(&item);
  }
  std::vector<float> rows(crops.size() * dim);
  session.encode_crops(crops, rows.data());
  for (size_t i = 0; i < owners.size(); ++i) {
    const auto from = rows.begin() + static_cast<ptrdiff_t>(i * dim);
    owners[i]->row = std::vector<float>(from, from + static_cast<ptrdiff_t>(dim));
  }
}

}  // namespace

struct VectorStream::Impl {
  Impl(SampleReader& samples, size_t most, size_t window)
      : reader(samples), batch(most), ahead(window) {}

  /// Up to a batch of samples, of which the first gets the number that is returned; none at the
  /// end, or if no more is wanted. Once it has one it does not wait for room: others may wait for
  /// that.
  uint64_t take(std::vector<VectorItem>& run) {
    const std::lock_guard one_reader(reading);
    size_t most = 0;
    {
      std::unique_lock lock(mutex);
      room.wait(lock, [&] { return stop || taken < given + ahead; });
      if (stop || ended) return 0;
      most = std::min<size_t>(batch, given + ahead - taken);
    }
    std::exception_ptr failed;
    bool last = false;
    try {
      while (!last && run.size() < most) {
        std::optional<EvalSample> sample = reader.next();
        last = !sample;
        if (sample) run.push_back({std::move(*sample)});
      }
    } catch (...) {
      failed = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    if (last || failed) {
      ended = true;
      error = failed;
      ready.notify_all();
    }
    return std::exchange(taken, taken + run.size());
  }

  void work(Session& session) {
    try {
      const PreprocessConfig preprocess = session.model().preprocess();
      std::vector<VectorItem> run;
      for (uint64_t number = take(run); !run.empty(); number = take(run)) {
        embed_run(session, preprocess, run);
        const std::lock_guard lock(mutex);
        for (VectorItem& item : run) done.emplace(number++, std::move(item));
        run.clear();
        ready.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      broken = std::current_exception();
      ready.notify_all();
    }
  }

  SampleReader& reader;
  const size_t batch, ahead;
  std::mutex reading;  // the reader's; taken before `mutex`
  std::mutex mutex;    // of all below
  std::condition_variable room, ready;
  uint64_t taken = 0, given = 0;
  std::map<uint64_t, VectorItem> done;
  bool ended = false, stop = false;
  std::exception_ptr error;   // of the reader: after the items before it
  std::exception_ptr broken;  // of a thread: at once
  std::vector<std::thread> threads;
};

VectorStream::VectorStream(SampleReader& reader, std::span<const std::unique_ptr<Lane>> lanes,
                           size_t batch)
    : impl_(std::make_unique<Impl>(reader, batch, 2 * batch * lanes.size())) {
  for (const std::unique_ptr<Lane>& lane : lanes) {
    impl_->threads.emplace_back([this, &lane] { impl_->work(lane->session); });
  }
}

VectorStream::~VectorStream() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
    impl_->room.notify_all();
  }
  for (std::thread& thread : impl_->threads) thread.join();
}

std::optional<VectorItem> VectorStream::next() {
  Impl& s = *impl_;
  std::unique_lock lock(s.mutex);
  s.ready.wait(lock, [&] {
    return s.broken || s.done.contains(s.given) || (s.ended && s.given == s.taken);
  });
  if (s.broken) std::rethrow_exception(s.broken);
  const auto found = s.done.find(s.given);
  if (found == s.done.end()) {
    if (s.error) std::rethrow_exception(s.error);
    return std::nullopt;
  }
  VectorItem item = std::move(found->second);
  s.done.erase(found);
  ++s.given;
  s.room.notify_one();
  return item;
}

}  // namespace mobileclip::eval
