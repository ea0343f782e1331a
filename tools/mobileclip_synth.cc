// Writes a checkpoint of synthetic weights: for the tests, benchmarks and the demo. Not installed.
#include <cstdio>
#include <exception>

#include "engine/recognise.h"
#include "engine/synthetic.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: mobileclip_synth VARIANT OUT.pt\n");
    return 2;
  }
  try {
    mobileclip::write_synthetic_checkpoint(mobileclip::require_variant(argv[1]), argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mobileclip_synth: %s\n", error.what());
    return 1;
  }
}
