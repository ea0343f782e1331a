#include "checkpoint/narrow.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"

namespace mobileclip {
namespace {

uint16_t to_half(float value) {
  const float magnitude = std::abs(value);
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (magnitude == 0) return sign;
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  // The spacing of halves at this magnitude; subnormal ones share that of the smallest normal.
  const int step = std::max(exponent - 11, -24);
  const auto units = static_cast<uint32_t>(std::nearbyint(std::ldexp(magnitude, -step)));
  const auto biased = static_cast<uint32_t>(step + 24);
  return static_cast<uint16_t>(sign | (biased * 1024 + units));
}

uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

}  // namespace

std::vector<uint16_t> narrow(std::span<const float> values, DType dtype, const std::string& name) {
  const bool half = dtype == DType::kFloat16;
  const float limit = half ? 65520.0F : 0x1.FFp127F;  // what rounds to infinity
  std::vector<uint16_t> out;
  out.reserve(values.size());
  for (const float value : values) {
    if (std::abs(value) >= limit) {
      fail(ErrorCode::kInvalidArgument, "tensor {} holds {}, too large for {}", quote(name), value,
           dtype_name(dtype));
    }
    out.push_back(half ? to_half(value) : to_bfloat16(value));
  }
  return out;
}

}  // namespace mobileclip
