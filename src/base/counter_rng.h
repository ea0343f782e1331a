/// Random numbers that are a function of what they are for, not of what was drawn before.
#ifndef MOBILECLIP_BASE_COUNTER_RNG_H_
#define MOBILECLIP_BASE_COUNTER_RNG_H_

#include <cstdint>
#include <string_view>

namespace mobileclip {

/// Mixes a 64-bit value so that each bit of the result depends on every bit of it (the finaliser of
/// SplitMix64, Steele et al., OOPSLA 2014).
constexpr uint64_t mix_bits(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// A 64-bit name of a string: the same on every machine and in every version.
constexpr uint64_t hash_name(std::string_view name) {
  uint64_t h = 0xCBF29CE484222325;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return mix_bits(h);
}

/// The stream of numbers for one purpose, keyed by (seed, epoch, uid, draw): two purposes never
/// share a stream, and no stream depends on threads, ranks or what ran before. Cheap to make.
class CounterRng {
 public:
  CounterRng(uint64_t seed, uint64_t epoch, uint64_t uid, uint64_t draw)
      : key_(mix_bits(mix_bits(mix_bits(mix_bits(seed) ^ epoch) ^ uid) ^ draw)) {}

  uint64_t next() { return mix_bits(key_ ^ mix_bits(counter_++)); }
  /// In [0, 1), 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// In [0, n), n > 0, without bias.
  uint64_t below(uint64_t n) {
    const uint64_t limit = n * (UINT64_MAX / n);
    uint64_t value = next();
    while (value >= limit) value = next();
    return value % n;
  }

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_COUNTER_RNG_H_
