#include "kernels/attention.h"

#include "base/aligned_buffer.h"
#include "kernels/reference.h"
#include "kernels/test_support.h"

namespace mobileclip::kernels {
namespace {

TEST(kernelsAttention, EqualsTheReferenceOnAllInstructionSets) {
  test::for_each_isa([] {
    for (const size_t tokens : {1, 2, 3, 5, 6, 7, 15, 16, 33, 64, 77, 197}) {
      for (const size_t head_dim : {8, 24, 32, 64}) {
        for (const bool causal : {false, true}) {
          const size_t stride = 3 * head_dim + 5;
          auto qkv = test::random_floats(tokens * stride, 7);
          for (float& value : qkv) value *= 3;
          const float* q = qkv.data();
          const float* k = q + head_dim;
          const float* v = k + head_dim;
          const auto scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
          const auto expected =
              reference::attention_head(q, k, v, stride, tokens, head_dim, scale, causal);
          AlignedBuffer scratch(attention_scratch(tokens, head_dim));
          std::vector<float> out(tokens * head_dim);
          attention_head(q, k, v, stride, tokens, head_dim, scale, causal, 0, tokens, out.data(),
                         head_dim, scratch.data());
          ASSERT_LT(test::worst(out.data(), expected), 2e-6) << tokens << " " << head_dim;
          // A part of the queries gives the same bits, and leaves the other rows.
          for (const size_t begin : {size_t{0}, tokens / 3, tokens - 1}) {
            for (const size_t end : {begin + 1, (begin + tokens + 1) / 2, tokens}) {
              std::vector<float> part(tokens * head_dim, 5.0f);
              attention_head(q, k, v, stride, tokens, head_dim, scale, causal, begin, end,
                             part.data(), head_dim, scratch.data());
              for (size_t i = 0; i < part.size(); ++i) {
                const bool asked = i / head_dim >= begin && i / head_dim < end;
                ASSERT_EQ(part[i], asked ? out[i] : 5.0f) << tokens << " " << begin << " " << end;
              }
            }
          }
        }
      }
    }
  });
}

TEST(kernelsAttention, LargeScoresDoNotOverflow) {
  const size_t tokens = 20;
  const size_t head_dim = 32;
  auto qkv = test::random_floats(tokens * 3 * head_dim, 9);
  for (float& value : qkv) value *= 100;
  const float* q = qkv.data();
  AlignedBuffer scratch(attention_scratch(tokens, head_dim));
  std::vector<float> out(tokens * head_dim);
  attention_head(q, q + head_dim, q + 2 * head_dim, 3 * head_dim, tokens, head_dim, 1.0f, false, 0,
                 tokens, out.data(), head_dim, scratch.data());
  const auto expected = reference::attention_head(q, q + head_dim, q + 2 * head_dim, 3 * head_dim,
                                                  tokens, head_dim, 1.0, false);
  EXPECT_LT(test::worst(out.data(), expected), 1e-4);
  for (const float value : out) EXPECT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace mobileclip::kernels
