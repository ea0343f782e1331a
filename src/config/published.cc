#include "config/published.h"

#include <algorithm>
#include <cctype>

namespace mobileclip {
namespace {

// From the model pages of Apple and of the hub, which say nothing of SHA-256: where a server states
// one with the file, the download checks that.
constexpr PublishedWeights kPublished[] = {
    {"mobileclip_s0",
     {"https://docs-assets.developer.apple.com/ml-research/datasets/mobileclip/mobileclip_s0.pt",
      "huggingface:apple/MobileCLIP-S0/mobileclip_s0.pt"},
     216000000},
    {"mobileclip_s1",
     {"https://docs-assets.developer.apple.com/ml-research/datasets/mobileclip/mobileclip_s1.pt",
      "huggingface:apple/MobileCLIP-S1/mobileclip_s1.pt"},
     340000000},
    {"mobileclip_s2",
     {"https://docs-assets.developer.apple.com/ml-research/datasets/mobileclip/mobileclip_s2.pt",
      "huggingface:apple/MobileCLIP-S2/mobileclip_s2.pt"},
     398000000},
    {"mobileclip_b",
     {"https://docs-assets.developer.apple.com/ml-research/datasets/mobileclip/mobileclip_b.pt",
      "huggingface:apple/MobileCLIP-B/mobileclip_b.pt"},
     599000000},
    {"mobileclip_blt",
     {"https://docs-assets.developer.apple.com/ml-research/datasets/mobileclip/mobileclip_blt.pt",
      "huggingface:apple/MobileCLIP-B-LT/mobileclip_blt.pt"},
     599000000},
    {"MobileCLIP-S1",
     {"huggingface:apple/MobileCLIP-S1-OpenCLIP/open_clip_model.safetensors",
      "huggingface:apple/MobileCLIP-S1-OpenCLIP/open_clip_pytorch_model.bin"},
     340000000},
    {"MobileCLIP-S2",
     {"huggingface:apple/MobileCLIP-S2-OpenCLIP/open_clip_model.safetensors",
      "huggingface:apple/MobileCLIP-S2-OpenCLIP/open_clip_pytorch_model.bin"},
     398000000},
    {"MobileCLIP-B",
     {"huggingface:apple/MobileCLIP-B-OpenCLIP/open_clip_model.safetensors", ""},
     599000000},
    {"MobileCLIP-B-LT",
     {"huggingface:apple/MobileCLIP-B-LT-OpenCLIP/open_clip_model.safetensors", ""},
     599000000},
    {"MobileCLIP2-S0",
     {"huggingface:apple/MobileCLIP2-S0/mobileclip2_s0.pt",
      "huggingface:timm/MobileCLIP2-S0-OpenCLIP/open_clip_model.safetensors"},
     300000000},
    {"MobileCLIP2-S2",
     {"huggingface:apple/MobileCLIP2-S2/mobileclip2_s2.pt",
      "huggingface:timm/MobileCLIP2-S2-OpenCLIP/open_clip_model.safetensors"},
     398000000},
    {"MobileCLIP2-B",
     {"huggingface:apple/MobileCLIP2-B/mobileclip2_b.pt",
      "huggingface:timm/MobileCLIP2-B-OpenCLIP/open_clip_model.safetensors"},
     599000000},
    {"MobileCLIP2-S3",
     {"huggingface:apple/MobileCLIP2-S3/mobileclip2_s3.pt",
      "huggingface:timm/MobileCLIP2-S3-OpenCLIP/open_clip_model.safetensors"},
     996000000},
    {"MobileCLIP2-S4",
     {"huggingface:apple/MobileCLIP2-S4/mobileclip2_s4.pt",
      "huggingface:timm/MobileCLIP2-S4-OpenCLIP/open_clip_model.safetensors"},
     1782000000},
    {"MobileCLIP2-L-14",
     {"huggingface:apple/MobileCLIP2-L-14/mobileclip2_l14.pt",
      "huggingface:timm/MobileCLIP2-L-14-OpenCLIP/open_clip_model.safetensors"},
     1710000000},
};

bool equal_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::span<const PublishedWeights> published_weights() { return kPublished; }

const PublishedWeights* find_published(std::string_view name) {
  const auto* const found = std::ranges::find_if(
      kPublished, [&](const PublishedWeights& row) { return equal_without_case(row.name, name); });
  return found == std::end(kPublished) ? nullptr : found;
}

}  // namespace mobileclip
