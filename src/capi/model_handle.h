/// The handle of the C ABI, and the border where exceptions become statuses.
#ifndef MOBILECLIP_CAPI_MODEL_HANDLE_H_
#define MOBILECLIP_CAPI_MODEL_HANDLE_H_

#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "mobileclip/mobileclip.h"
#include "mobileclip/mobileclip.hpp"

namespace mobileclip::capi {

/// What one thread's last failing calls left.
struct Failure {
  std::string sentence;
  std::vector<std::string> items;  ///< of the last batch of images; empty if none failed
};

/// This thread's record of calls with a model; with null: of calls without one.
Failure& failure_of(const mobileclip_model* model);
/// Ends this thread's record.
void forget_failure(const mobileclip_model& model);

/// A number that no other model of this process has or had.
uint64_t new_number();

}  // namespace mobileclip::capi

struct mobileclip_model {
  explicit mobileclip_model(const mobileclip::Model& loaded) : model(loaded), name(loaded.name()) {}

  mobileclip::Model model;
  std::string name;
  uint64_t number = mobileclip::capi::new_number();
};

namespace mobileclip::capi {

/// Leaves the sentence where mobileclip_last_error() finds it. Never throws: without memory for the
/// sentence there is none.
mobileclip_status record(const mobileclip_model* model, mobileclip_status status,
                         std::string_view sentence) noexcept;

/// Runs `call`, which returns a status; every exception becomes a status and a sentence.
template <typename Call>
mobileclip_status guarded(const mobileclip_model* model, const Call& call) noexcept {
  try {
    return call();
  } catch (const Error& error) {
    return record(model, static_cast<mobileclip_status>(error.code()), error.message());
  } catch (const std::bad_alloc&) {
    return record(model, MOBILECLIP_OUT_OF_MEMORY, "not enough memory");
  } catch (const std::exception& error) {
    return record(model, MOBILECLIP_INTERNAL, error.what());
  } catch (...) {
    return record(model, MOBILECLIP_INTERNAL, "an unknown exception");
  }
}

/// The same for calls that need a model: null is kInvalidArgument.
template <typename Call>
mobileclip_status with_model(const mobileclip_model* model, const Call& call) noexcept {
  return guarded(model, [&] {
    if (model == nullptr) fail(ErrorCode::kInvalidArgument, "the model is NULL");
    return call(model->model);
  });
}

/// kInvalidArgument if a pointer is null though `count` things are behind it.
void require_pointer(const char* what, const void* pointer, size_t count);

/// n × width. kTooLarge if so many float32 have no size in bytes.
size_t require_count(size_t n, size_t width);

/// The same, which `size` values at `out` can hold; kInvalidArgument if not.
size_t require_room(const void* out, size_t size, size_t n, size_t width);

}  // namespace mobileclip::capi

#endif  // MOBILECLIP_CAPI_MODEL_HANDLE_H_
