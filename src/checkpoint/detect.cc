#include "checkpoint/detect.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace mobileclip {
namespace {

using namespace std::string_view_literals;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kLegacyHead =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"sv;

struct Foreign {
  std::string_view head;
  size_t offset;
  ErrorCode code;
  std::string_view sentence;
};

constexpr Foreign kForeign[] = {
    {"version https://git-lfs"sv, 0, ErrorCode::kNotCheckpoint,
     "is a Git LFS pointer, not the file itself: fetch it with `git lfs pull`"},
    {"PYTORCH1"sv, 0, ErrorCode::kUnsupported,
     "is in PyTorch's preview container format, which is not read; save it again with torch.save"},
    {"\x89PNG"sv, 0, ErrorCode::kNotCheckpoint, "is a PNG image, not a checkpoint"},
    {"\xff\xd8\xff"sv, 0, ErrorCode::kNotCheckpoint, "is a JPEG image, not a checkpoint"},
    {"GIF8"sv, 0, ErrorCode::kNotCheckpoint, "is a GIF image, not a checkpoint"},
    {"RIFF"sv, 0, ErrorCode::kNotCheckpoint, "is a RIFF file (WebP image?), not a checkpoint"},
    {"GGUF"sv, 0, ErrorCode::kUnsupported, "is a GGUF file, which is not read"},
    {"\x1f\x8b"sv, 0, ErrorCode::kNotCheckpoint, "is gzip-compressed: decompress it first"},
    {"\x93NUMPY"sv, 0, ErrorCode::kNotCheckpoint, "is a NumPy array, not a checkpoint"},
    {"ustar"sv, 257, ErrorCode::kUnsupported,
     "is a tar archive (PyTorch 0.1.9 or older), which is not read: save it again with a newer "
     "PyTorch"},
};

bool holds(std::string_view bytes, size_t offset, std::string_view head) {
  return bytes.size() >= offset && bytes.substr(offset).starts_with(head);
}

bool looks_like_html(std::string_view bytes) {
  const size_t first = bytes.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == std::string_view::npos) return false;
  std::string head(bytes.substr(first, 15));
  std::ranges::transform(head, head.begin(), [](unsigned char c) { return std::tolower(c); });
  return head.starts_with("<!doctype html") || head.starts_with("<html") ||
         head.starts_with("<?xml");
}

/// A header length, then an object: nothing else begins so.
bool looks_like_safetensors(Bytes bytes, std::string_view what) {
  if (bytes.size() < 9) return false;
  ByteReader reader(bytes, what);
  const uint64_t length = reader.u64();
  const char next = as_text(bytes)[8];
  return next == '{' || (length < bytes.size() && length > 0 && std::isspace(next) != 0);
}

}  // namespace

CheckpointFormat detect_checkpoint(Bytes bytes, std::string_view what) {
  const std::string_view text = as_text(bytes);
  if (bytes.empty()) fail(ErrorCode::kNotCheckpoint, "{} is empty, not a checkpoint", what);
  if (text.starts_with("PK\x03\x04"sv)) return CheckpointFormat::kTorchZip;
  if (text.starts_with(kLegacyHead)) return CheckpointFormat::kTorchLegacy;
  for (const Foreign& foreign : kForeign) {
    if (holds(text, foreign.offset, foreign.head))
      fail(foreign.code, "{} {}", what, foreign.sentence);
  }
  if (looks_like_html(text)) {
    fail(ErrorCode::kNotCheckpoint,
         "{} is a web page, not a checkpoint: the download went wrong (an error or log-in page was "
         "saved)",
         what);
  }
  if (looks_like_safetensors(bytes, what)) return CheckpointFormat::kSafetensors;
  if (kLegacyHead.starts_with(text) || "PK\x03\x04"sv.starts_with(text)) {
    fail(ErrorCode::kDamaged, "{} has only {} bytes: it is truncated", what, bytes.size());
  }
  fail(ErrorCode::kNotCheckpoint,
       "{} is not a checkpoint: neither PyTorch (zip or legacy) nor safetensors", what);
}

}  // namespace mobileclip
