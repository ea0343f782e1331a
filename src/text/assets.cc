#include "text/assets.h"

#include <charconv>

extern "C" {
extern const char mobileclip_asset_bpe_merges_begin[], mobileclip_asset_bpe_merges_end[];
extern const char mobileclip_asset_html5_entities_begin[], mobileclip_asset_html5_entities_end[];
extern const char mobileclip_asset_html5_upper_begin[], mobileclip_asset_html5_upper_end[];
extern const char mobileclip_asset_code_pages_begin[], mobileclip_asset_code_pages_end[];
extern const char mobileclip_asset_mojibake_classes_begin[],
    mobileclip_asset_mojibake_classes_end[];
}

namespace mobileclip::assets {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

std::string_view bpe_merges() {
  return between(mobileclip_asset_bpe_merges_begin, mobileclip_asset_bpe_merges_end);
}
std::string_view html5_entities() {
  return between(mobileclip_asset_html5_entities_begin, mobileclip_asset_html5_entities_end);
}
std::string_view html5_upper() {
  return between(mobileclip_asset_html5_upper_begin, mobileclip_asset_html5_upper_end);
}
std::string_view code_pages() {
  return between(mobileclip_asset_code_pages_begin, mobileclip_asset_code_pages_end);
}
std::string_view mojibake_classes() {
  return between(mobileclip_asset_mojibake_classes_begin, mobileclip_asset_mojibake_classes_end);
}

uint32_t parse_hex(std::string_view digits) {
  uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

}  // namespace mobileclip::assets
