#include "capi/model_handle.h"

#include <algorithm>

namespace mobileclip::capi {

Failure& thread_failure() {
  thread_local Failure failure;
  return failure;
}

mobileclip_status record(const mobileclip_model* model, mobileclip_status status,
                         std::string_view sentence) noexcept {
  try {
    Failure& failure = model == nullptr ? thread_failure() : model->failure();
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

size_t require_room(const void* out, size_t size, size_t n, size_t width) {
  if (width != 0 && n > SIZE_MAX / sizeof(float) / width) {
    fail(ErrorCode::kTooLarge, "{} rows of {} values are more than memory can hold", n, width);
  }
  require_pointer("the buffer for the results", out, n);
  if (size < n * width) {
    fail(ErrorCode::kInvalidArgument, "{} rows of {} values need room for {}, the buffer has {}", n,
         width, n * width, size);
  }
  return n * width;
}

}  // namespace mobileclip::capi
