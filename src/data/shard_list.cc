// expand_shards(): a word of the command line or a configuration to files.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "data/shard_reader.h"

namespace mobileclip {
namespace {

constexpr uint64_t kMaxShards = 10'000'000;

/// "a{007..012}b" → a007b … a012b; the width is that of the first number.
std::vector<std::string> expand_braces(const std::string& word, size_t open) {
  const size_t close = word.find('}', open);
  const size_t dots = word.find("..", open);
  uint64_t first = 0, last = 0;
  bool good = close != std::string::npos && dots != std::string::npos && dots < close;
  if (good) {
    const char* text = word.data();
    const auto a = std::from_chars(text + open + 1, text + dots, first);
    const auto b = std::from_chars(text + dots + 2, text + close, last);
    good = a.ec == std::errc() && a.ptr == text + dots && b.ec == std::errc() &&
           b.ptr == text + close && first <= last && last - first < kMaxShards;
  }
  if (!good) {
    fail(ErrorCode::kInvalidArgument, "{}: a pattern of shards looks like {{00000..00012}}",
         quote(word));
  }
  const size_t width = dots - open - 1;
  std::vector<std::string> out;
  for (uint64_t i = first; i <= last; ++i) {
    const std::string number = fmt::format("{:0{}}", i, width);
    const std::string one = word.substr(0, open) + number + word.substr(close + 1);
    const size_t again = one.find('{');
    if (again == std::string::npos) {
      out.push_back(one);
    } else {
      const std::vector<std::string> more = expand_braces(one, again);
      out.insert(out.end(), more.begin(), more.end());
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> expand_shards(const std::string& word) {
  if (word.starts_with("pipe:") || word.find("://") != std::string::npos) {
    fail(ErrorCode::kInvalidArgument,
         "{}: shards are files; a command or an address is never opened", quote(word));
  }
  const size_t open = word.find('{');
  if (open != std::string::npos) return expand_braces(word, open);
  std::error_code error;
  if (!std::filesystem::is_directory(word, error)) return {word};
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(word, error)) {
    if (entry.path().extension() == ".tar") out.push_back(entry.path().string());
  }
  if (error || out.empty()) fail(ErrorCode::kNotFound, "no *.tar in {}", quote(word));
  std::ranges::sort(out);
  return out;
}

}  // namespace mobileclip
