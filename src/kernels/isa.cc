#include "kernels/isa.h"

#include <fmt/format.h>
#include <hwy/highway.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "base/error.h"
#include "kernels/amx.h"

namespace mobileclip::kernels {
namespace {

struct Isa {
  std::string_view name;
  int64_t target;
  bool tiles = false;
};

constexpr std::array<Isa, 7> kIsas = {{{"amx", HWY_AVX3, true},
                                       {"avx512", HWY_AVX3},
                                       {"avx2", HWY_AVX2},
                                       {"sse4", HWY_SSE4},
                                       {"neon", HWY_NEON},
                                       {"scalar", HWY_EMU128},
                                       {"scalar", HWY_SCALAR}}};

/// What this machine could run, whatever is forced now.
int64_t machine_targets() {
  static const int64_t targets = [] {
    hwy::SetSupportedTargetsForTest(0);
    return hwy::SupportedTargets() & HWY_TARGETS;
  }();
  return targets;
}

bool has(const Isa& isa) {
  return (machine_targets() & isa.target) != 0 && (!isa.tiles || amx_available());
}

// Whether a target without tiles was forced.
std::atomic<bool> tiles_refused = false;

}  // namespace

bool amx_in_use() { return !tiles_refused.load(std::memory_order_relaxed) && amx_available(); }

std::string_view isa_name() {
  const int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  for (const Isa& isa : kIsas) {
    if ((supported & isa.target) != 0 && isa.tiles == amx_in_use()) return isa.name;
  }
  return "scalar";
}

std::vector<std::string_view> available_isas() {
  std::vector<std::string_view> out;
  for (const Isa& isa : kIsas) {
    if (has(isa)) out.push_back(isa.name);
  }
  return out;
}

void force_isa(std::string_view name) {
  for (const Isa& isa : kIsas) {
    if (isa.name != name || !has(isa)) continue;
    tiles_refused = !isa.tiles;
    hwy::SetSupportedTargetsForTest(isa.target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    return;
  }
  fail(ErrorCode::kInvalidArgument, "instruction set {} is not available here; available are {}",
       quote(name), fmt::join(available_isas(), ", "));
}

void force_isa_of_environment() {
  const char* const name = std::getenv("MOBILECLIP_ISA");  // NOLINT(concurrency-mt-unsafe)
  if (name == nullptr || *name == '\0') return;
  try {
    force_isa(name);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("$MOBILECLIP_ISA: {}", error.message()));
  }
}

}  // namespace mobileclip::kernels
