/// Deterministic synthetic weights: the same bits on any machine, for goldens and benchmarks.
#ifndef MOBILECLIP_ENGINE_SYNTHETIC_H_
#define MOBILECLIP_ENGINE_SYNTHETIC_H_

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/tensor_entry.h"
#include "checkpoint/torch_writer.h"
#include "config/model_config.h"

namespace mobileclip {

/// lo + (hi − lo)·u with u in [0, 1) from the top 24 bits of successive SplitMix64 outputs, seeded
/// by the FNV-1a 64 hash of `name`; evaluated in double, rounded to float once.
std::vector<float> synthetic_uniform(std::string_view name, size_t count, double lo, double hi);

/// A weight whose range follows from its name and shape, so that activations stay moderate.
std::vector<float> synthetic_weight(std::string_view name, const Shape& shape);

/// What a training-form checkpoint of the variant declares, in its order.
std::vector<TensorDeclaration> synthetic_declarations(const ModelConfig& config);
/// Hands the bytes of each declared tensor, in order, to `write`.
void write_synthetic_tensors(const ModelConfig& config,
                             const std::function<void(std::span<const std::byte>)>& write);

/// A training-form checkpoint of synthetic weights in torch.save's zip layout, written to `path`.
/// About as large as the published file of that variant.
void write_synthetic_checkpoint(const ModelConfig& config, const std::string& path);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_SYNTHETIC_H_
