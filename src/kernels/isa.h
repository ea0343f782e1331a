/// The instruction set the kernels use, chosen once per process.
#ifndef MOBILECLIP_KERNELS_ISA_H_
#define MOBILECLIP_KERNELS_ISA_H_

#include <string>
#include <string_view>
#include <vector>

namespace mobileclip::kernels {

/// "scalar", "sse4", "avx2", "avx512", "amx" (AVX-512 with Intel's tile unit for matrices) or
/// "neon": the one in use.
std::string_view isa_name();
/// Those this machine and build can run, best first.
std::vector<std::string_view> available_isas();
/// Uses `name` from now on; packed weights made before stay bound to the old one and must be packed
/// again. Call before any model is loaded. kInvalidArgument for a name that is unknown or not
/// available, listing those that are.
void force_isa(std::string_view name);
/// The same for what $MOBILECLIP_ISA names; nothing if it is not set or empty.
void force_isa_of_environment();

/// Whether matrices are multiplied on the tile unit.
bool amx_in_use();

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_ISA_H_
