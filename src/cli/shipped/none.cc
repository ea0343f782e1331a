// A program without a model inside.
#include "cli/shipped_model.h"

namespace mobileclip::cli {

ShippedModel shipped_model() { return {}; }

}  // namespace mobileclip::cli
