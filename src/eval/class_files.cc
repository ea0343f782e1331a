#include "eval/class_files.h"

#include "base/error.h"

extern "C" {
extern const char mobileclip_asset_imagenet_names_begin[], mobileclip_asset_imagenet_names_end[];
extern const char mobileclip_asset_imagenet_templates_begin[],
    mobileclip_asset_imagenet_templates_end[];
}

namespace mobileclip::eval {
namespace {

constexpr std::string_view kSpace = " \t\n\v\f\r";

std::string_view strip(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

std::vector<std::string> class_lines(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    out.emplace_back(strip(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

std::string fill_template(std::string_view text, std::string_view name) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("{c}")) {
      out += name;
      i += 3;
    } else if (rest.starts_with("{{") || rest.starts_with("}}")) {
      out += rest.front();
      i += 2;
    } else if (rest.front() == '{' || rest.front() == '}') {
      fail(ErrorCode::kInvalidArgument,
           "the template {} has a brace that is neither {{c}} nor doubled", quote(text));
    } else {
      out += rest.front();
      ++i;
    }
  }
  return out;
}

const std::vector<std::string>& imagenet_names() {
  static const std::vector<std::string> names =
      class_lines({mobileclip_asset_imagenet_names_begin,
                   static_cast<size_t>(mobileclip_asset_imagenet_names_end -
                                       mobileclip_asset_imagenet_names_begin)});
  return names;
}

const std::vector<std::string>& imagenet_templates() {
  static const std::vector<std::string> templates =
      class_lines({mobileclip_asset_imagenet_templates_begin,
                   static_cast<size_t>(mobileclip_asset_imagenet_templates_end -
                                       mobileclip_asset_imagenet_templates_begin)});
  return templates;
}

std::vector<std::string> lines_of_objective(const std::vector<std::string>& lines,
                                            std::string_view objective) {
  std::vector<std::string> out;
  for (const std::string& line : lines) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) {
      fail(ErrorCode::kInvalidArgument, "the line {} is not OBJECTIVE:TEXT", quote(line));
    }
    if (std::string_view(line).substr(0, colon) == objective) {
      out.push_back(line.substr(colon + 1));
    }
  }
  return out;
}

}  // namespace mobileclip::eval
