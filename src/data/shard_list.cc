// expand_shards(): a word of the command line or a configuration to files.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "data/shard_reader.h"

namespace mobileclip {
namespace {

// Of one word, with all its patterns.
constexpr uint64_t kMaxShards = 1'000'000;
constexpr size_t kMaxWord = 4096;
constexpr uint64_t kMaxBytes = 256 << 20;

/// "a{007..012}b" → a007b … a012b, appended to `out`; the width is that of the first number.
void expand_braces(const std::string& word, size_t open, std::vector<std::string>& out) {
  const size_t close = word.find('}', open);
  const size_t dots = word.find("..", open);
  uint64_t first = 0, last = 0;
  bool good = close != std::string::npos && dots != std::string::npos && dots < close;
  if (good) {
    const char* text = word.data();
    const auto a = std::from_chars(text + open + 1, text + dots, first);
    const auto b = std::from_chars(text + dots + 2, text + close, last);
    good = a.ec == std::errc() && a.ptr == text + dots && b.ec == std::errc() &&
           b.ptr == text + close && first <= last;
  }
  if (!good) {
    fail(ErrorCode::kInvalidArgument, "{}: a pattern of shards looks like {{00000..00012}}",
         quote(word));
  }
  const size_t width = dots - open - 1;
  // Counted from 0: `last` may be the largest number there is.
  for (uint64_t i = 0; i <= last - first; ++i) {
    if (last - first >= kMaxShards || out.size() >= kMaxShards ||
        out.size() * word.size() > kMaxBytes) {
      fail(ErrorCode::kTooLarge, "{} stands for too many shards: {} is the limit", quote(word),
           kMaxShards);
    }
    const std::string number = fmt::format("{:0{}}", first + i, width);
    std::string one = word.substr(0, open) + number + word.substr(close + 1);
    const size_t again = one.find('{');
    if (again == std::string::npos) {
      out.push_back(std::move(one));
    } else {
      expand_braces(one, again, out);
    }
  }
}

}  // namespace

std::vector<std::string> expand_shards(const std::string& word) {
  if (word.starts_with("pipe:") || word.find("://") != std::string::npos) {
    fail(ErrorCode::kInvalidArgument,
         "{}: shards are files; a command or an address is never opened", quote(word));
  }
  if (word.size() > kMaxWord) {
    fail(ErrorCode::kInvalidArgument, "{} is longer than any path", quote(word));
  }
  std::vector<std::string> out;
  const size_t open = word.find('{');
  if (open != std::string::npos) {
    expand_braces(word, open, out);
    return out;
  }
  std::error_code error;
  if (!std::filesystem::is_directory(word, error)) return {word};
  for (const auto& entry : std::filesystem::directory_iterator(word, error)) {
    if (entry.path().extension() == ".tar") out.push_back(entry.path().string());
  }
  if (error || out.empty()) fail(ErrorCode::kNotFound, "no *.tar in {}", quote(word));
  std::ranges::sort(out);
  return out;
}

}  // namespace mobileclip
