/// The model inside the program.
#ifndef MOBILECLIP_CLI_SHIPPED_MODEL_H_
#define MOBILECLIP_CLI_SHIPPED_MODEL_H_

#include <cstddef>
#include <span>
#include <string_view>

namespace mobileclip::cli {

struct ShippedModel {
  std::string_view name;             ///< what -m calls it; empty without one
  std::span<const std::byte> bytes;  ///< a safetensors file, alive as long as the program
};

ShippedModel shipped_model();

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_SHIPPED_MODEL_H_
