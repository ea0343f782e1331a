/// The model inside the program and the library.
#ifndef MOBILECLIP_ENGINE_SHIPPED_MODEL_H_
#define MOBILECLIP_ENGINE_SHIPPED_MODEL_H_

#include <cstddef>
#include <span>
#include <string_view>

namespace mobileclip {

struct ShippedModel {
  std::string_view name;             ///< what -m calls it; empty without one
  std::span<const std::byte> bytes;  ///< a safetensors file, alive as long as the program
};

ShippedModel shipped_model();

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_SHIPPED_MODEL_H_
