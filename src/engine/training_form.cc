#include "engine/training_form.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "base/error.h"
#include "checkpoint/safetensors_writer.h"
#include "config/dialect.h"
#include "engine/model.h"
#include "engine/recognise.h"
#include "model/clip.h"

namespace mobileclip {
namespace {

/// One tensor of the module tree, where it is and where it goes. One of the two may have no place
/// for it.
struct Move {
  std::optional<StoredAs> from, to;
  bool integer = false;
};

std::vector<TensorSpec> module_tree(const ModelConfig& config) {
  WeightSource recorder;
  ClipWeights::read(Scope(recorder), config);
  return recorder.fetched();
}

StoredAs stored_as(const Dialect& dialect, const TensorSpec& spec) {
  return dialect ? dialect(spec.name, spec.shape) : StoredAs{spec.name, spec.shape};
}

std::vector<Move> plan(const ModelConfig& from, const ModelConfig& to) {
  const Dialect from_dialect = dialect_of(from), to_dialect = dialect_of(to);
  const std::vector<TensorSpec> have = module_tree(from), want = module_tree(to);
  const auto in = [](const std::vector<TensorSpec>& specs, const TensorSpec& spec) {
    return std::ranges::find(specs, spec.name, &TensorSpec::name) != specs.end();
  };
  std::vector<Move> out;
  for (const TensorSpec& spec : want) {
    Move move;
    move.integer = spec.integer;
    move.to = stored_as(to_dialect, spec);
    if (in(have, spec)) move.from = stored_as(from_dialect, spec);
    out.push_back(std::move(move));
  }
  for (const TensorSpec& spec : have) {
    if (in(want, spec)) continue;
    out.push_back({stored_as(from_dialect, spec), std::nullopt, spec.integer});
  }
  return out;
}

bool all_zero(const TensorEntry& entry) {
  for (uint64_t i = 0; i < entry.elements(); ++i) {
    if (read_element(entry, i) != 0) return false;
  }
  return true;
}

/// Row-major bytes of the tensor, its two dimensions swapped or not.
std::string bytes_of(const TensorEntry& entry, bool swap) {
  TensorEntry view = entry;
  if (swap) {
    std::swap(view.shape[0], view.shape[1]);
    std::swap(view.strides[0], view.strides[1]);
  }
  const size_t size = dtype_size(entry.dtype);
  const uint64_t count = entry.elements();
  std::string out(count * size, '\0');
  const std::byte* base = entry.storage.data() + entry.offset * size;
  if (view.contiguous()) {
    std::memcpy(out.data(), base, out.size());
    return out;
  }
  std::vector<uint64_t> at(view.shape.size(), 0);
  uint64_t position = 0;
  for (uint64_t i = 0; i < count; ++i) {
    std::memcpy(out.data() + i * size, base + position * size, size);
    for (size_t d = at.size(); d-- > 0;) {
      position += view.strides[d];
      if (++at[d] < view.shape[d]) break;
      position -= view.strides[d] * view.shape[d];
      at[d] = 0;
    }
  }
  return out;
}

/// The tensor with its scales applied, as a view of `values`.
TensorEntry widened(const TensorEntry& entry, std::vector<float>& values) {
  values.resize(entry.elements());
  read_elements(entry, values.data());
  TensorEntry out = entry;
  out.dtype = DType::kFloat32;
  out.row_scale = {};
  out.offset = 0;
  out.storage = std::as_bytes(std::span(values));
  return out;
}

void refuse_two_networks(const Checkpoint& from, const ModelConfig& a, const ModelConfig& b) {
  const bool padding = a.vit.stem_padding != b.vit.stem_padding;
  const bool eps = a.vit.ln_eps != b.vit.ln_eps;
  if (!padding && !eps) return;
  fail(ErrorCode::kUnsupported,
       "{}: {} and {} are two networks that give different embeddings from the same weights (stem "
       "padding {} and {}, image layer norm eps {:g} and {:g}): --force converts all the same",
       quote(from.name()), a.name, b.name, a.vit.stem_padding, b.vit.stem_padding, a.vit.ln_eps,
       b.vit.ln_eps);
}

}  // namespace

const ModelConfig* counterpart(const ModelConfig& config, const std::string& dialect) {
  if (dialect.empty() || dialect == config.dialect) return &config;
  for (const ModelConfig& other : variants()) {
    if (other.dialect != dialect) continue;
    ModelConfig alike = other;
    alike.dialect = config.dialect;
    alike.head_bias = config.head_bias;
    alike.vit.stem_padding = config.vit.stem_padding;
    alike.vit.ln_eps = config.vit.ln_eps;
    if (same_network(alike, config)) return &other;
  }
  return nullptr;
}

const ModelConfig& write_training_form(const Checkpoint& from, const std::string& to,
                                       const TrainingFormOptions& options, ThreadPool& pool) {
  if (from.is_inference_form()) {
    fail(ErrorCode::kUnsupported, "{} is folded already: its branches are gone",
         quote(from.name()));
  }
  const Recognised found = recognise(from, options.arch);
  const ModelConfig* target = counterpart(*found.config, options.dialect);
  if (target == nullptr) {
    fail(ErrorCode::kUnsupported, "{}: there is no {} in the dialect {}: it keeps its own",
         quote(from.name()), found.config->name, options.dialect);
  }
  if (!options.force) refuse_two_networks(from, *found.config, *target);
  LoadOptions load;
  load.arch = found.config->name;
  Model::load(from, load, pool);  // every check that loading makes

  const std::vector<Move> moves = plan(*found.config, *target);
  const auto source = [&](const Move& move) -> const TensorEntry& {
    return *from.find(found.prefix + move.from->name);
  };
  struct Planned {
    const Move* move;
    TensorDeclaration declaration;
  };
  std::vector<Planned> planned;
  for (const Move& move : moves) {
    if (!move.to) {
      if (all_zero(source(move))) continue;
      fail(ErrorCode::kUnsupported, "{}: {} is not zero, and the files of {} have no place for it",
           quote(from.name()), quote(move.from->name), target->name);
    }
    DType dtype = move.integer ? DType::kInt64 : DType::kFloat32;
    if (move.from) dtype = source(move).dtype;
    if (dtype == DType::kInt8Rows) dtype = DType::kFloat32;
    planned.push_back({&move, {move.to->name, dtype, move.to->shape}});
  }
  std::ranges::stable_sort(planned, std::greater(),
                           [](const Planned& one) { return dtype_size(one.declaration.dtype); });
  std::vector<TensorDeclaration> declarations;
  declarations.reserve(planned.size());
  for (const Planned& one : planned) declarations.push_back(one.declaration);
  SafetensorsWriter writer(to, {{"format", "pt"}}, std::move(declarations));
  std::vector<float> values;
  for (const auto& [move, declaration] : planned) {
    std::string bytes;
    if (move->from) {
      const TensorEntry& entry = source(*move);
      const bool swap = move->from->transposed != move->to->transposed;
      bytes = bytes_of(entry.dtype == DType::kInt8Rows ? widened(entry, values) : entry, swap);
    } else {
      uint64_t count = 1;
      for (const uint64_t extent : declaration.shape) count *= extent;
      bytes.assign(count * dtype_size(declaration.dtype), '\0');
    }
    writer.write(std::as_bytes(std::span(bytes)));
  }
  writer.finish();
  return *target;
}

}  // namespace mobileclip
