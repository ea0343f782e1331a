// The model of assets/, embedded.
#include "engine/shipped_model.h"

extern "C" {
extern const std::byte mobileclip_asset_shipped_model_begin[];
extern const std::byte mobileclip_asset_shipped_model_end[];
}

namespace mobileclip {

ShippedModel shipped_model() {
  return {"mobileclip_nano",
          {mobileclip_asset_shipped_model_begin, mobileclip_asset_shipped_model_end}};
}

}  // namespace mobileclip
