/// What gemm.cc hands to the code of one instruction set: a rectangle of C on one thread.
#ifndef MOBILECLIP_KERNELS_GEMM_BLOCK_H_
#define MOBILECLIP_KERNELS_GEMM_BLOCK_H_

#include <cstddef>

#include "kernels/gemm.h"

namespace mobileclip::kernels {

struct GemmBlock {
  const float* a;
  size_t lda;
  const PackedMatrix& w;
  float* c;
  size_t ldc;
  const Epilogue& epilogue;
  size_t row_begin, row_end;
  size_t tile_begin, tile_end;  // of columns, in register tiles
};

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_GEMM_BLOCK_H_
