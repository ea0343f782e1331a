#include "capi/model_handle.h"

#include <algorithm>
#include <atomic>
#include <map>

namespace mobileclip::capi {
namespace {

/// By the model's number, 0 for none. Addresses and thread ids come again; this ends with its
/// thread, and a number stands for one model.
std::map<uint64_t, Failure>& failures() {
  thread_local std::map<uint64_t, Failure> map;
  return map;
}

}  // namespace

Failure& failure_of(const mobileclip_model* model) {
  return failures()[model == nullptr ? 0 : model->number];
}

void forget_failure(const mobileclip_model& model) { failures().erase(model.number); }

uint64_t new_number() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

mobileclip_status record(const mobileclip_model* model, mobileclip_status status,
                         std::string_view sentence) noexcept {
  try {
    Failure& failure = failure_of(model);
    failure.sentence.clear();
    failure.sentence = sentence;
    // A C string ends at a zero byte.
    std::replace(failure.sentence.begin(), failure.sentence.end(), '\0', '?');
  } catch (...) {  // the status must do
    return status;
  }
  return status;
}

void require_pointer(const char* what, const void* pointer, size_t count) {
  if (pointer == nullptr && count > 0) fail(ErrorCode::kInvalidArgument, "{} is NULL", what);
}

size_t require_count(size_t n, size_t width) {
  if (width != 0 && n > SIZE_MAX / sizeof(float) / width) {
    fail(ErrorCode::kTooLarge, "{} rows of {} values are more than memory can hold", n, width);
  }
  return n * width;
}

size_t require_room(const void* out, size_t size, size_t n, size_t width) {
  const size_t count = require_count(n, width);
  require_pointer("the buffer for the results", out, n);
  if (size < count) {
    fail(ErrorCode::kInvalidArgument, "{} rows of {} values need room for {}, the buffer has {}", n,
         width, count, size);
  }
  return count;
}

}  // namespace mobileclip::capi
