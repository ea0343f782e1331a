// Packs a training-form checkpoint into the compact storage form. Not installed.
#include <cstdio>
#include <exception>

#include "engine/compact.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: mobileclip_compact IN.pt OUT.safetensors LICENCE\n");
    return 2;
  }
  try {
    mobileclip::write_compact(argv[1], argv[2], argv[3]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mobileclip_compact: %s\n", error.what());
    return 1;
  }
}
