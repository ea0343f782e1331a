// GIF through giflib: the first frame on its canvas.
#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "base/error.h"
#include "image/codecs.h"

namespace mobileclip {
namespace {

struct Cursor {
  Bytes bytes;
  size_t position = 0;
};

int on_read(GifFileType* gif, GifByteType* out, int count) {
  auto* cursor = static_cast<Cursor*>(gif->UserData);
  const size_t n = std::min(static_cast<size_t>(count), cursor->bytes.size() - cursor->position);
  std::memcpy(out, cursor->bytes.data() + cursor->position, n);
  cursor->position += n;
  return static_cast<int>(n);
}

struct CloseGif {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, CloseGif>;

[[noreturn]] void throw_error(int code) {
  const char* text = GifErrorString(code);
  fail(ErrorCode::kDecode, "GIF: {}", text == nullptr ? "the image is truncated or corrupt" : text);
}

/// Skips extensions up to the first image; notes the transparent index of its graphics control.
std::optional<uint8_t> seek_first_image(GifFileType* gif) {
  std::optional<uint8_t> transparent;
  for (;;) {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    if (DGifGetRecordType(gif, &record) == GIF_ERROR) throw_error(gif->Error);
    if (record == IMAGE_DESC_RECORD_TYPE) break;
    if (record == TERMINATE_RECORD_TYPE) fail(ErrorCode::kDecode, "GIF: the file holds no image");
    if (record != EXTENSION_RECORD_TYPE) continue;
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif, &code, &block) == GIF_ERROR) throw_error(gif->Error);
    while (block != nullptr) {
      if (code == GRAPHICS_EXT_FUNC_CODE && block[0] >= 4) {
        transparent.reset();
        if ((block[1] & 1) != 0) transparent = block[4];
      }
      if (DGifGetExtensionNext(gif, &block) == GIF_ERROR) throw_error(gif->Error);
    }
  }
  if (DGifGetImageDesc(gif) == GIF_ERROR) throw_error(gif->Error);
  return transparent;
}

/// The frame's indices into the canvas at its place, interlaced rows sorted.
void read_indices(GifFileType* gif, std::vector<uint8_t>& canvas, size_t canvas_width) {
  const GifImageDesc& frame = gif->Image;
  const auto width = static_cast<size_t>(frame.Width);
  constexpr int kStart[] = {0, 4, 2, 1};
  constexpr int kStep[] = {8, 8, 4, 2};
  const int passes = frame.Interlace ? 4 : 1;
  for (int pass = 0; pass < passes; ++pass) {
    const int step = frame.Interlace ? kStep[pass] : 1;
    for (int row = frame.Interlace ? kStart[pass] : 0; row < frame.Height; row += step) {
      const size_t at =
          static_cast<size_t>(frame.Top + row) * canvas_width + static_cast<size_t>(frame.Left);
      if (DGifGetLine(gif, &canvas[at], static_cast<int>(width)) == GIF_ERROR) {
        throw_error(gif->Error);
      }
    }
  }
}

}  // namespace

CodecResult decode_gif(Bytes bytes, const DecodeOptions& options) {
  Cursor cursor{bytes};
  int error = 0;
  const Gif gif(DGifOpen(&cursor, on_read, &error));
  if (gif == nullptr) throw_error(error);
  const std::optional<uint8_t> transparent = seek_first_image(gif.get());
  const GifImageDesc& frame = gif->Image;
  if (frame.Width <= 0 || frame.Height <= 0) {
    fail(ErrorCode::kDecode, "GIF: the first frame is {}x{}", frame.Width, frame.Height);
  }
  // A frame that reaches outside the screen enlarges the canvas.
  const auto width = static_cast<size_t>(std::max(gif->SWidth, frame.Left + frame.Width));
  const auto height = static_cast<size_t>(std::max(gif->SHeight, frame.Top + frame.Height));
  CodecResult out;
  out.image = make_image(width, height, options);
  std::vector<uint8_t> canvas(width * height, transparent.value_or(0));
  read_indices(gif.get(), canvas, width);

  const ColorMapObject* map = frame.ColorMap != nullptr ? frame.ColorMap : gif->SColorMap;
  Palette table = grey_palette();
  for (size_t i = 0; map != nullptr && i < static_cast<size_t>(map->ColorCount); ++i) {
    table[i] = {map->Colors[i].Red, map->Colors[i].Green, map->Colors[i].Blue};
  }
  for (size_t i = 0; i < canvas.size(); ++i) {
    std::memcpy(&out.image.pixels[3 * i], table[canvas[i]].data(), 3);
  }
  return out;
}

}  // namespace mobileclip
