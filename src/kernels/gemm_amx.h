/// gemm on Intel's tile unit (AMX), in float32's accuracy.
#ifndef MOBILECLIP_KERNELS_GEMM_AMX_H_
#define MOBILECLIP_KERNELS_GEMM_AMX_H_

#include "kernels/gemm_block.h"

namespace mobileclip::kernels {

/// The rectangle of C, each float as the sum of three bfloat16 whose six largest products the tile
/// unit adds up in float32. Only where amx_available(). The bits of an element depend on its row of
/// A and column of W alone. Panels are a multiple of 32 wide.
void gemm_block_amx(const GemmBlock& block);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_GEMM_AMX_H_
