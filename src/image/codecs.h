/// One decoder per format; decode.cc chooses.
#ifndef MOBILECLIP_IMAGE_CODECS_H_
#define MOBILECLIP_IMAGE_CODECS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "image/decode.h"

namespace mobileclip {

using Bytes = std::span<const std::byte>;

/// What a decoder gives: RGB, and the EXIF orientation (1–8) that was stored but not applied.
struct CodecResult {
  RgbImage image;
  int orientation = 1;
  std::vector<std::string> warnings;
};

CodecResult decode_jpeg(Bytes bytes, const DecodeOptions& options);
CodecResult decode_png(Bytes bytes, const DecodeOptions& options);
CodecResult decode_webp(Bytes bytes, const DecodeOptions& options);
CodecResult decode_gif(Bytes bytes, const DecodeOptions& options);
CodecResult decode_tiff(Bytes bytes, const DecodeOptions& options);
CodecResult decode_bmp(Bytes bytes, const DecodeOptions& options);
CodecResult decode_pnm(Bytes bytes, const DecodeOptions& options);

/// kDecode for a side of 0, kTooLarge over the cap.
void check_size(uint64_t width, uint64_t height, const DecodeOptions& options);
/// An image of that size, zeroed; check_size() before anything is allocated.
RgbImage make_image(uint64_t width, uint64_t height, const DecodeOptions& options);

/// Orientation of a TIFF-form EXIF block ("II*\0" or "MM\0*" first), 1 if there is none.
int exif_orientation(Bytes tiff);
/// The image turned and mirrored as orientation 2–8 asks; 1 and unknown values leave it.
RgbImage apply_orientation(RgbImage image, int orientation);

/// 256 colours.
using Palette = std::array<std::array<uint8_t, 3>, 256>;

/// Greys 0 to 255: what Pillow has where a file's palette stops short.
Palette grey_palette();

/// CMYK (255 = full ink) to RGB as Pillow does.
void cmyk_to_rgb(const uint8_t* cmyk, size_t pixels, uint8_t* rgb);

}  // namespace mobileclip

#endif  // MOBILECLIP_IMAGE_CODECS_H_
