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
    {"MobileCLIP-S1", PublishedAccuracy{72.6, 61.3}},
    {"MobileCLIP-S2", PublishedAccuracy{74.4, 63.7}},
    {"MobileCLIP-B", PublishedAccuracy{76.8, 65.2}},
    {"MobileCLIP-B-LT", PublishedAccuracy{77.2, 65.8}},
    {"MobileCLIP-S3", PublishedAccuracy{78.3, 66.3}},
    {"MobileCLIP-L-14", PublishedAccuracy{79.5, 66.9}},
    {"MobileCLIP-S4", PublishedAccuracy{79.4, 68.1}},
    {"MobileCLIP2-S0", PublishedAccuracy{71.5, 59.7}},
    {"MobileCLIP2-S2", PublishedAccuracy{77.2, 64.1}},
    {"MobileCLIP2-B", PublishedAccuracy{79.4, 65.8}},
    {"MobileCLIP2-S3", PublishedAccuracy{80.7, 66.8}},
    {"MobileCLIP2-L-14", PublishedAccuracy{81.9, 67.8}},
    {"MobileCLIP2-S4", PublishedAccuracy{81.9, 67.5}},
    {"ViT-B-32-quickgelu", PublishedAccuracy{63.3, 52.5}},
    {"ViT-B-16-quickgelu", PublishedAccuracy{68.3, 56.3}},
    {"ViT-L-14-quickgelu", PublishedAccuracy{75.5, 61.7}},
    {"ViT-L-14-336-quickgelu", PublishedAccuracy{76.6, 62.8}},
    {"DFN2B-CLIP-ViT-B-16", PublishedAccuracy{76.2, 60.9}},
    {"ViT-B-16-SigLIP", PublishedAccuracy{76.0, 62.3}},
};

}  // namespace

std::span<const PublishedModel> published_models() { return kModels; }

}  // namespace mobileclip
