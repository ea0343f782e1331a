/// The published checkpoints as plain data: one row each in published.cc.
#ifndef MOBILECLIP_CONFIG_PUBLISHED_H_
#define MOBILECLIP_CONFIG_PUBLISHED_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace mobileclip {

/// One published checkpoint, of the variant of that name.
struct PublishedWeights {
  std::string_view name;  ///< what `download` and -m call it
  /// Where it is, in the order to try: https:// or huggingface:OWNER/REPO/FILE.
  std::array<std::string_view, 2> sources;
  uint64_t bytes_about;          ///< for people; sizes in bytes were not published
  std::string_view sha256 = {};  ///< lower-case hexadecimal, where somebody published it
};

/// Of all rows: who may do what with the weights.
inline constexpr std::string_view kPublishedLicence = "Apple ML Research Model";
inline constexpr std::string_view kPublishedTerms =
    "https://github.com/apple/ml-mobileclip/blob/main/LICENSE_MODELS";

std::span<const PublishedWeights> published_weights();
/// By name, without regard to case; null if there is none.
const PublishedWeights* find_published(std::string_view name);

}  // namespace mobileclip

#endif  // MOBILECLIP_CONFIG_PUBLISHED_H_
