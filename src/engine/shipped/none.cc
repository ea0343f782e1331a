// No model inside.
#include "engine/shipped_model.h"

namespace mobileclip {

ShippedModel shipped_model() { return {}; }

}  // namespace mobileclip
