/// What the towers have in common.
#ifndef MOBILECLIP_MODEL_ENCODER_H_
#define MOBILECLIP_MODEL_ENCODER_H_

#include <cstdint>
#include <functional>
#include <string_view>

#include "layers/run_context.h"

namespace mobileclip {

/// Called after each named part with its output, n × (positions × channels), channels last.
using Probe = std::function<void(std::string_view name, const Features& output)>;

/// An image tower in inference form; immutable, thread-safe.
class ImageEncoder {
 public:
  virtual ~ImageEncoder() = default;
  /// n × S × S × 3 preprocessed floats → n × embed_dim, raw.
  virtual void encode(const RunContext& context, const float* pixels, size_t n, float* out,
                      const Probe& probe) const = 0;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_MODEL_ENCODER_H_
