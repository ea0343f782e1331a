#include "eval/crop_stream.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

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

}  // namespace

struct CropStream::Impl {
  Impl(SampleReader& samples, const PreprocessConfig& config, size_t most)
      : reader(samples), preprocess(config), ahead(most) {}

  /// Takes a number and a sample; false if there is no more, or no more is wanted.
  bool take(uint64_t& number, EvalSample& sample) {
    const std::lock_guard one_reader(reading);
    {
      std::unique_lock lock(mutex);
      room.wait(lock, [&] { return stop || taken < given + ahead; });
      if (stop || ended) return false;
    }
    std::optional<EvalSample> read;
    std::exception_ptr failed;
    try {
      read = reader.next();
    } catch (...) {
      failed = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    if (!read) {
      ended = true;
      error = failed;
      ready.notify_all();
      return false;
    }
    number = taken++;
    sample = std::move(*read);
    return true;
  }

  void work() {
    uint64_t number = 0;
    EvalSample sample;
    while (take(number, sample)) {
      CropItem item{std::move(sample), RgbImage{}};
      if (!item.sample.image.empty()) item.crop = decode(item.sample.image, preprocess);
      item.sample.image = std::string();
      const std::lock_guard lock(mutex);
      done.emplace(number, std::move(item));
      if (number == given) ready.notify_all();
    }
  }

  SampleReader& reader;
  const PreprocessConfig preprocess;
  const size_t ahead;
  std::mutex reading;  // the reader's; taken before `mutex`
  std::mutex mutex;
  std::condition_variable room, ready;
  uint64_t taken = 0, given = 0;
  std::map<uint64_t, CropItem> done;
  bool ended = false, stop = false;
  std::exception_ptr error;
  std::vector<std::thread> threads;
};

CropStream::CropStream(SampleReader& reader, const PreprocessConfig& preprocess, int threads,
                       size_t ahead)
    : impl_(std::make_unique<Impl>(reader, preprocess, std::max<size_t>(1, ahead))) {
  for (int i = 0; i < threads; ++i) impl_->threads.emplace_back([this] { impl_->work(); });
}

CropStream::~CropStream() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
    impl_->room.notify_all();
  }
  for (std::thread& thread : impl_->threads) thread.join();
}

std::optional<CropItem> CropStream::next() {
  Impl& s = *impl_;
  std::unique_lock lock(s.mutex);
  s.ready.wait(lock, [&] { return s.done.contains(s.given) || (s.ended && s.given == s.taken); });
  const auto found = s.done.find(s.given);
  if (found == s.done.end()) {
    if (s.error) std::rethrow_exception(s.error);
    return std::nullopt;
  }
  CropItem item = std::move(found->second);
  s.done.erase(found);
  ++s.given;
  s.room.notify_one();
  return item;
}

}  // namespace mobileclip::eval
