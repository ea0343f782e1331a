#include "config/accuracy.h"

namespace mobileclip {
namespace {

constexpr PublishedModel kModels[] = {
    {"mobileclip_s0", PublishedAccuracy{67.8, 58.1}},
    {"mobileclip_s1", PublishedAccuracy{72.6, 61.3}},
    {"mobileclip_s2", PublishedAccuracy{74.4, 63.7}},
    {"mobileclip_b", PublishedAccuracy{76.8, 65.2}},
    {"mobileclip_blt", PublishedAccuracy{77.2, 65.8}},
    {"mobileclip_nano", {}},  // of drawings; docs/nano.md says how well
};

}  // namespace

std::span<const PublishedModel> published_models() { return kModels; }

}  // namespace mobileclip
