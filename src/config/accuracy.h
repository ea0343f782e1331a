/// What was published about how well the variants do.
#ifndef MOBILECLIP_CONFIG_ACCURACY_H_
#define MOBILECLIP_CONFIG_ACCURACY_H_

#include <optional>
#include <span>
#include <string_view>

namespace mobileclip {

/// Zero-shot accuracy in percent: of MobileCLIP and MobileCLIP2 from the README of Apple's
/// ml-mobileclip, of the others from open_clip's table of results.
struct PublishedAccuracy {
  double imagenet1k_top1;
  double average_38;  ///< over DataComp's 38 datasets
};

/// A model whose weights can be had: one of variants().
struct PublishedModel {
  std::string_view variant;
  std::optional<PublishedAccuracy> accuracy;
};

std::span<const PublishedModel> published_models();

}  // namespace mobileclip

#endif  // MOBILECLIP_CONFIG_ACCURACY_H_
