#include "kernels/precision.h"

namespace mobileclip::kernels {

std::string_view precision_name(Precision precision) {
  return precision == Precision::kFloat32 ? "f32" : "bf16";
}

std::optional<Precision> find_precision(std::string_view name) {
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
    if (name == precision_name(precision)) return precision;
  }
  return std::nullopt;
}

}  // namespace mobileclip::kernels
