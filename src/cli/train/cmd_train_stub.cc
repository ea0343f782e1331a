// train, in a program built without libtorch.
#include "cli/command.h"

namespace mobileclip::cli {

Command train_command() {
  return {"train",
          "--config FILE",
          "trains a model (this program was built without libtorch)",
          {{"config", '\0', Arity::kOne, "FILE", "JSON, as docs/training.md describes"},
           {"out", 'o', Arity::kOne, "DIR", "the run's folder, instead of the configuration's"},
           {"set", '\0', Arity::kEach, "KEY=VALUE", "overrides one value"}},
          [](const Arguments&, Output&) -> ExitCode {
            fail(ErrorCode::kUnsupported,
                 "this program was built without its trainer: install libtorch-dev and libgloo-dev "
                 "and configure with -DMOBILECLIP_TRAIN=ON");
          }};
}

}  // namespace mobileclip::cli
