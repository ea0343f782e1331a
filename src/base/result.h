/// A value or an Error, for places where failure is normal: one bad image among ten thousand.
#ifndef MOBILECLIP_BASE_RESULT_H_
#define MOBILECLIP_BASE_RESULT_H_

#include <utility>
#include <variant>

#include "base/error.h"

namespace mobileclip {

template <typename T>
class Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  /// The value; throws the Error if there is none.
  T& value() {
    if (!ok()) throw std::get<1>(state_);
    return std::get<0>(state_);
  }
  const T& value() const {
    if (!ok()) throw std::get<1>(state_);
    return std::get<0>(state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Runs `function` and turns a thrown Error into a Result.
template <typename F>
auto try_result(F&& function) -> Result<decltype(function())> {
  try {
    return function();
  } catch (Error& error) {
    return std::move(error);
  }
}

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_RESULT_H_
