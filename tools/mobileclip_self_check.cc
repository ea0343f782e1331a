// Prints what the synthetic network of each VARIANT gives on an instruction set: for
// tools/make_self_check.py. Not installed.
#include <cstdio>
#include <exception>

#include "engine/recognise.h"
#include "engine/self_check.h"
#include "kernels/isa.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: mobileclip_self_check ISA VARIANT...\n");
    return 2;
  }
  try {
    mobileclip::kernels::force_isa(argv[1]);
    mobileclip::ThreadPool pool(1);
    for (int i = 2; i < argc; ++i) {
      const mobileclip::ModelConfig& config = mobileclip::require_variant(argv[i]);
      const auto values = mobileclip::compute_self_check(config, pool);
      std::printf("%s\n", mobileclip::self_check_rows(config, values).c_str());
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mobileclip_self_check: %s\n", error.what());
    return 1;
  }
}
