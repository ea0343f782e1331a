/// What measurements were made on.
#ifndef MOBILECLIP_CLI_MACHINE_H_
#define MOBILECLIP_CLI_MACHINE_H_

#include <string>

namespace mobileclip::cli {

/// The processor as the system names it ("model name" of /proc/cpuinfo, in single spaces); empty if
/// it has no name for it.
std::string processor_name();
/// "2026-11-27", UTC.
std::string today();

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_MACHINE_H_
