/// The arithmetic of matrix products.
#ifndef MOBILECLIP_KERNELS_PRECISION_H_
#define MOBILECLIP_KERNELS_PRECISION_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace mobileclip::kernels {

/// What products are computed in; sums are float32 in any case.
enum class Precision : uint8_t {
  kFloat32,
  kBFloat16,  ///< both factors rounded to bfloat16: only where amx_in_use()
};

/// "f32" or "bf16".
std::string_view precision_name(Precision precision);
/// The one of that name; nothing for another.
std::optional<Precision> find_precision(std::string_view name);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_PRECISION_H_
