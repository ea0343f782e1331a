/// Intel's tile unit (AMX): whether this process may use it.
#ifndef MOBILECLIP_KERNELS_AMX_H_
#define MOBILECLIP_KERNELS_AMX_H_

namespace mobileclip::kernels {

/// Whether the processor has AMX-BF16 and the system lets this process use it. Asks the system
/// once; thread-safe.
bool amx_available();

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_AMX_H_
