// Intel's tile registers: 0 to 3 hold sums, 4 and 5 A, 6 and 7 W; of up to 16 rows 4 alone holds A
// and 5 also W. Included once per target.

#if defined(MOBILECLIP_KERNELS_AMX_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MOBILECLIP_KERNELS_AMX_TILES_INL_H_
#undef MOBILECLIP_KERNELS_AMX_TILES_INL_H_
#else
#define MOBILECLIP_KERNELS_AMX_TILES_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3

constexpr size_t kTileRows = 16;
constexpr size_t kTileWords = 256;  // 16 rows of 64 bytes

template <int kTile>
HWY_INLINE void TileLoad(const void* from) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(64L), "i"(kTile) : "memory");
}
template <int kTile>
HWY_INLINE void TileLoad(const void* from, long stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(kTile) : "memory");
}
template <int kTile>
HWY_INLINE void TileStore(void* to, long stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(kTile) : "memory");
}
template <int kTile>
HWY_INLINE void TileZero() {
  asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
}
template <int kSum, int kA, int kW>
HWY_INLINE void TileMultiplyAdd() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSum), "i"(kA), "i"(kW));
}

struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// The unit's registers, those of A and of sums as high as is needed. W's are 16 high.
class ScopedTiles {
 public:
  explicit ScopedTiles(size_t rows) {
    TileConfig config;
    const auto high = static_cast<uint8_t>(std::min(rows, kTileRows));
    for (const size_t tile : {0, 1, 2, 3, 4}) config.rows[tile] = high;
    asm volatile("ldtilecfg %0" ::"m"(config));
  }
  ~ScopedTiles() { asm volatile("tilerelease"); }
  ScopedTiles(const ScopedTiles&) = delete;
  ScopedTiles& operator=(const ScopedTiles&) = delete;
};

#endif  // HWY_TARGET == HWY_AVX3

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#endif  // MOBILECLIP_KERNELS_AMX_TILES_INL_H_
