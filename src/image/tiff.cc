// TIFF through libtiff: 8- and 16-bit grey, RGB, palette and CMYK exactly; the rest through
// libtiff's own conversion to RGBA.
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/checked.h"
#include "base/error.h"
#include "image/codecs.h"

namespace mobileclip {
namespace {

constexpr tmsize_t kMaxAllocation = tmsize_t{1} << 30;

/// The file in memory and what libtiff had to say.
struct Stream {
  Bytes bytes;
  uint64_t position = 0;
  std::string error;
};

tmsize_t on_read(thandle_t handle, void* out, tmsize_t count) {
  auto& stream = *static_cast<Stream*>(handle);
  if (count < 0 || stream.position > stream.bytes.size()) return 0;
  const auto n =
      std::min<uint64_t>(static_cast<uint64_t>(count), stream.bytes.size() - stream.position);
  std::memcpy(out, stream.bytes.data() + stream.position, n);
  stream.position += n;
  return static_cast<tmsize_t>(n);
}
tmsize_t on_write(thandle_t, void*, tmsize_t) { return 0; }
toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
  auto& stream = *static_cast<Stream*>(handle);
  if (whence == SEEK_SET) stream.position = offset;
  if (whence == SEEK_CUR) stream.position += offset;
  if (whence == SEEK_END) stream.position = stream.bytes.size() + offset;
  return stream.position;
}
int on_close(thandle_t) { return 0; }
toff_t on_size(thandle_t handle) { return static_cast<Stream*>(handle)->bytes.size(); }

int on_error(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  auto& stream = *static_cast<Stream*>(user);
  char text[256];
  std::vsnprintf(text, sizeof text, format, arguments);
  if (stream.error.empty()) stream.error = text;
  return 1;
}
int on_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, CloseTiff>;

Tiff open_tiff(Stream& stream) {
  TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, kMaxAllocation);
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, &stream);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, &stream);
  Tiff tiff(TIFFClientOpenExt("image", "rm", &stream, on_read, on_write, on_seek, on_close, on_size,
                              nullptr, nullptr, options));
  TIFFOpenOptionsFree(options);
  return tiff;
}

[[noreturn]] void throw_error(const Stream& stream) {
  fail(ErrorCode::kDecode, "TIFF: {}",
       stream.error.empty() ? "the image is truncated or corrupt" : stream.error);
}

template <typename T>
T field(TIFF* tiff, uint32_t tag) {
  T value = 0;
  TIFFGetFieldDefaulted(tiff, tag, &value);
  return value;
}

struct Layout {
  uint32_t width, height;
  uint16_t bits, samples, photometric, planar, compression;
  bool tiled;
};

Layout read_layout(TIFF* tiff) {
  return {
      field<uint32_t>(tiff, TIFFTAG_IMAGEWIDTH),    field<uint32_t>(tiff, TIFFTAG_IMAGELENGTH),
      field<uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE), field<uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL),
      field<uint16_t>(tiff, TIFFTAG_PHOTOMETRIC),   field<uint16_t>(tiff, TIFFTAG_PLANARCONFIG),
      field<uint16_t>(tiff, TIFFTAG_COMPRESSION),   TIFFIsTiled(tiff) != 0};
}

/// Strips of interleaved 8- or 16-bit samples that need no colour science.
bool is_plain(const Layout& l) {
  const bool depth = l.bits == 8 || l.bits == 16;
  const bool one = l.samples >= 1 && l.samples <= 2;
  const bool grey =
      (l.photometric == PHOTOMETRIC_MINISBLACK || l.photometric == PHOTOMETRIC_MINISWHITE) && one;
  const bool rgb = l.photometric == PHOTOMETRIC_RGB && l.samples >= 3 && l.samples <= 4;
  const bool palette = l.photometric == PHOTOMETRIC_PALETTE && l.samples == 1 && l.bits == 8;
  const bool cmyk = l.photometric == PHOTOMETRIC_SEPARATED && l.samples == 4 && l.bits == 8;
  return depth && !l.tiled && l.planar == PLANARCONFIG_CONTIG && (grey || rgb || palette || cmyk);
}

/// One row of samples to RGB; 16-bit samples give their high byte.
class RowConverter {
 public:
  RowConverter(TIFF* tiff, const Layout& layout) : layout_(layout) {
    if (layout.photometric != PHOTOMETRIC_PALETTE) return;
    if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &map_[0], &map_[1], &map_[2]) == 0) {
      fail(ErrorCode::kDecode, "TIFF: a palette image without a palette");
    }
  }
  void convert(const uint8_t* row, uint8_t* out) const {
    if (layout_.photometric == PHOTOMETRIC_SEPARATED) return cmyk_to_rgb(row, layout_.width, out);
    for (size_t x = 0; x < layout_.width; ++x, out += 3) {
      for (size_t c = 0; c < 3; ++c) out[c] = channel(row, x, c);
    }
  }

 private:
  uint8_t channel(const uint8_t* row, size_t x, size_t c) const {
    const bool rgb = layout_.photometric == PHOTOMETRIC_RGB;
    const size_t index = x * layout_.samples + (rgb ? c : 0);
    uint8_t value = row[index];
    if (layout_.bits == 16) {
      uint16_t wide = 0;
      std::memcpy(&wide, row + 2 * index, 2);
      value = static_cast<uint8_t>(wide >> 8);
    }
    if (layout_.photometric == PHOTOMETRIC_PALETTE)
      return static_cast<uint8_t>(map_[c][value] >> 8);
    if (layout_.photometric == PHOTOMETRIC_MINISWHITE) return static_cast<uint8_t>(255 - value);
    return value;
  }
  Layout layout_;
  uint16_t* map_[3] = {nullptr, nullptr, nullptr};
};

void read_plain(TIFF* tiff, const Layout& layout, Stream& stream, RgbImage& image) {
  const RowConverter converter(tiff, layout);
  const auto needed = uint64_t{layout.width} * layout.samples * (layout.bits / 8u);
  const tmsize_t row_size = TIFFScanlineSize(tiff);
  if (row_size <= 0 || static_cast<uint64_t>(row_size) < needed) throw_error(stream);
  std::vector<uint8_t> row(static_cast<size_t>(row_size));
  for (uint32_t y = 0; y < layout.height; ++y) {
    if (TIFFReadScanline(tiff, row.data(), y, 0) < 0) throw_error(stream);
    converter.convert(row.data(), &image.pixels[size_t{y} * image.width * 3]);
  }
}

void read_converted(TIFF* tiff, Stream& stream, RgbImage& image) {
  char why[1024] = {};
  if (TIFFRGBAImageOK(tiff, why) == 0) {
    fail(ErrorCode::kUnsupported, "TIFF: {}", why[0] == '\0' ? "this kind is not read" : why);
  }
  std::vector<uint32_t> raster(image.width * image.height);
  if (TIFFReadRGBAImageOriented(tiff, static_cast<uint32_t>(image.width),
                                static_cast<uint32_t>(image.height), raster.data(),
                                ORIENTATION_TOPLEFT, 1) == 0) {
    throw_error(stream);
  }
  for (size_t i = 0; i < raster.size(); ++i) {
    image.pixels[3 * i] = static_cast<uint8_t>(TIFFGetR(raster[i]));
    image.pixels[3 * i + 1] = static_cast<uint8_t>(TIFFGetG(raster[i]));
    image.pixels[3 * i + 2] = static_cast<uint8_t>(TIFFGetB(raster[i]));
  }
}

}  // namespace

CodecResult decode_tiff(Bytes bytes, const DecodeOptions& options) {
  Stream stream{bytes, 0, {}};
  const Tiff tiff = open_tiff(stream);
  if (tiff == nullptr) throw_error(stream);
  const Layout layout = read_layout(tiff.get());
  CodecResult out;
  out.image = make_image(layout.width, layout.height, options);
  if (is_plain(layout)) {
    // Always applied: in TIFF it is part of how the rows are stored, and Pillow does so too.
    const int orientation = field<uint16_t>(tiff.get(), TIFFTAG_ORIENTATION);
    read_plain(tiff.get(), layout, stream, out.image);
    out.image = apply_orientation(std::move(out.image), orientation);
  } else {
    // libtiff has turned these the right way round already.
    read_converted(tiff.get(), stream, out.image);
  }
  return out;
}

}  // namespace mobileclip
