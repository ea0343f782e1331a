#include "model/text_encoder.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "kernels/elementwise.h"

namespace mobileclip {

TextWeights TextWeights::read(const Scope& scope, const ModelConfig& config) {
  const TextConfig& text = config.text;
  const auto width = static_cast<size_t>(text.width);
  const auto ffn = static_cast<size_t>(text.ffn);
  const Scope transformer = scope / "transformer";
  const bool mct = config.text_tower == TextTower::kMct;
  TextWeights out;
  out.projection = scope.weight("projection_layer", {width, static_cast<size_t>(config.embed_dim)});
  if (text.projection_bias) {
    out.projection_bias = scope.weight("projection_bias", {static_cast<size_t>(config.embed_dim)});
  }
  out.embedding =
      (scope / "embedding_layer").weight("weight", {static_cast<size_t>(text.vocabulary), width});
  out.positions = (scope / "positional_embedding" / "pos_embed")
                      .weight("pos_embed", {1, 1, static_cast<size_t>(text.context), width});
  size_t index = 0;
  if (mct) out.mixers.push_back(RepMixerBlockWeights::read_text(transformer / index++, width, ffn));
  for (int i = 0; i < text.layers; ++i) {
    out.layers.push_back(
        TransformerLayerWeights::read(transformer / index++, width, ffn, text.ln_eps,
                                      text.activation == ActivationKind::kQuickGelu));
  }
  if (mct) out.mixers.push_back(RepMixerBlockWeights::read_text(transformer / index, width, ffn));
  out.norm = LayerNormWeights::read(scope / "final_layer_norm", width, text.ln_eps);
  return out;
}

TextEncoder::TextEncoder(const TextWeights& weights, const ModelConfig& config, BuildJobs& jobs)
    : config_(config.text), width_(static_cast<size_t>(config.text.width)) {
  mixers_.resize(weights.mixers.size());
  for (size_t i = 0; i < mixers_.size(); ++i) {
    jobs.add([this, &weights, i](Foundry& foundry) {
      mixers_[i] = std::make_unique<RepMixerBlock>(weights.mixers[i], foundry);
    });
  }
  layers_.resize(weights.layers.size());
  for (size_t i = 0; i < layers_.size(); ++i) {
    jobs.add([this, &weights, i](Foundry& foundry) {
      layers_[i] = std::make_unique<TransformerLayer>(
          weights.layers[i], static_cast<size_t>(config_.heads), config_.causal, foundry);
    });
  }
  jobs.add([&](Foundry& foundry) {
    const TensorEntry* table = foundry.table(weights.embedding);
    if (table == nullptr) return;  // not in a converted file: the foundry tells
    table_ = *table;
    embedding_ = mapped_floats(table_);
    if (embedding_ == nullptr && !table_.contiguous()) {
      converted_embedding_ = AlignedBuffer(table_.elements());
      read_elements(table_, converted_embedding_.data());
      embedding_ = converted_embedding_.data();
    }
  });
  jobs.add([&](Foundry& foundry) {
    positions_ = foundry.floats(weights.positions);
    norm_ = std::make_unique<LayerNorm>(weights.norm, foundry);
    projection_ = pack_projection(foundry, weights.projection,
                                  config_.projection_bias ? &weights.projection_bias : nullptr);
  });
}

void TextEncoder::embed(const RunContext& context, const int32_t* ids,
                        std::span<const RowSpan> items, float* out) const {
  const auto tokens = static_cast<size_t>(config_.context);
  for (size_t i = 0; i < items.size() * tokens; ++i) {
    if (ids[i] < 0 || ids[i] >= config_.vocabulary) {
      fail(ErrorCode::kInvalidArgument, "token id {} at position {} of text {} is outside 0 to {}",
           ids[i], i % tokens, i / tokens, config_.vocabulary - 1);
    }
  }
  context.pool.parallel_for(items.size(), [&](size_t item, int) {
    for (size_t t = 0; t < items[item].count; ++t) {
      const auto id = static_cast<size_t>(ids[item * tokens + t]);
      float* row = out + (items[item].first + t) * width_;
      const float* token = embedding_ + id * width_;
      if (embedding_ == nullptr) {
        read_rows(table_, id, 1, row);
        token = row;
      }
      kernels::add(token, positions_.data() + t * width_, width_, row);
    }
  });
}

void TextEncoder::encode(const RunContext& context, const int32_t* ids, size_t n, float* out,
                         const Probe& probe) const {
  const auto tokens = static_cast<size_t>(config_.context);
  // Only the chosen position goes on: the first maximum id, the first end of text; of SigLIP the
  // last one. In a causal tower it depends on no position after it.
  const bool shortened = config_.causal && mixers_.empty() && !probe;
  std::vector<RowSpan> items(n);
  std::vector<size_t> chosen(n);
  size_t rows = 0;
  for (size_t i = 0; i < n; ++i) {
    const int32_t* row = ids + i * tokens;
    chosen[i] = config_.sentence_piece
                    ? tokens - 1
                    : static_cast<size_t>(std::max_element(row, row + tokens) - row);
    items[i] = {rows, shortened ? chosen[i] + 1 : tokens};
    rows += items[i].count;
  }
  Features f;
  f.data = context.workspace.buffer(Workspace::kFeatures, rows * width_);
  f.spare = context.workspace.buffer(Workspace::kSpare, rows * width_);
  f.n = n;
  f.height = tokens;  // a text is a column of positions
  f.width = 1;
  f.channels = width_;
  embed(context, ids, items, f.data);
  if (probe) {
    forward_all(context, f, probe);
    for (size_t i = 0; i < n; ++i) {
      std::copy_n(f.data + (items[i].first + chosen[i]) * width_, width_, f.spare + i * width_);
    }
  } else {
    forward_chosen(context, f, items, chosen);
  }
  norm_->forward(context, f.spare, n, f.spare);
  kernels::gemm(context.pool, f.spare, width_, n, projection_, out, projection_.n());
}

void TextEncoder::forward_all(const RunContext& context, Features& f, const Probe& probe) const {
  size_t index = 0;
  const auto done = [&] { probe(fmt::format("transformer.{}", index++), f); };
  if (!mixers_.empty()) {
    mixers_.front()->forward(context, f);
    done();
  }
  for (const auto& layer : layers_) {
    layer->forward(context, f.data, f.n, f.height);
    done();
  }
  if (!mixers_.empty()) {
    mixers_.back()->forward(context, f);
    done();
  }
}

void TextEncoder::forward_chosen(const RunContext& context, Features& f,
                                 std::span<const RowSpan> items,
                                 std::span<const size_t> chosen) const {
  if (!mixers_.empty()) mixers_.front()->forward(context, f);
  for (size_t i = 0; i + 1 < layers_.size(); ++i) layers_[i]->forward(context, f.data, items);
  // Of the last layer, what the chosen position, or the last mixer around it, reads.
  const size_t reach = mixers_.empty() ? 0 : mixers_.back()->reach();
  std::vector<RowSpan> windows(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    const size_t begin = chosen[i] - std::min(chosen[i], reach);
    windows[i] = {begin, std::min(items[i].count, chosen[i] + reach + 1) - begin};
  }
  layers_.back()->forward_windows(context, f.data, items, windows, f.spare);
  if (mixers_.empty()) return;
  std::vector<size_t> at(items.size());
  size_t row = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    at[i] = chosen[i] - windows[i].first;
    windows[i].first = row;
    row += windows[i].count;
  }
  mixers_.back()->forward_at(context, f.spare, windows, at, f.data);
  std::swap(f.data, f.spare);
}

}  // namespace mobileclip
