// JPEG through libjpeg-turbo, with Pillow's settings: ISLOW DCT, fancy upsampling; scaled down
// only when asked for.
#include <csetjmp>
#include <cstdio>
#include <cstring>
// jpeglib.h needs size_t and FILE first.
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "image/codecs.h"

namespace mobileclip {
namespace {

constexpr int kMaxScans = 500;
constexpr std::string_view kExifHead = std::string_view("Exif\0\0", 6);

/// libjpeg's error manager first, so that a pointer to it is a pointer to this. Plain data: longjmp
/// leaves only frames without destructors.
struct ErrorState {
  jpeg_error_mgr manager;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
  char warning[JMSG_LENGTH_MAX];
};

ErrorState& state_of(j_common_ptr info) { return *reinterpret_cast<ErrorState*>(info->err); }

void on_error(j_common_ptr info) {
  ErrorState& state = state_of(info);
  info->err->format_message(info, state.message);
  std::longjmp(state.jump, 1);
}

void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;  // a trace message
  ErrorState& state = state_of(info);
  if (info->err->num_warnings++ == 0) info->err->format_message(info, state.warning);
  // The memory source pretends an end marker when the bytes run out: that is a truncated file.
  if (info->err->msg_code == JWRN_JPEG_EOF) {
    std::strcpy(state.message, "the image is truncated");
    std::longjmp(state.jump, 1);
  }
}

void on_progress(j_common_ptr info) {
  const auto* decompress = reinterpret_cast<j_decompress_ptr>(info);
  if (decompress->input_scan_number <= kMaxScans) return;
  ErrorState& state = state_of(info);
  std::strcpy(state.message, "more than 500 scans");
  std::longjmp(state.jump, 1);
}

class JpegReader {
 public:
  explicit JpegReader(Bytes bytes) : bytes_(bytes) {
    std::memset(&info_, 0, sizeof info_);
    std::memset(&errors_, 0, sizeof errors_);
    info_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = on_error;
    errors_.manager.emit_message = on_message;
    progress_.progress_monitor = on_progress;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  void read_header() {
    if (!try_header()) throw_error();
  }
  /// Chooses the smallest of the decoder's sizes whose edges are at least `edge`; 0 leaves the
  /// size.
  void scale_down_to(size_t edge) {
    if (!try_scale(edge)) throw_error();
  }
  void read_pixels(uint8_t* out, size_t row_bytes, uint8_t* cmyk_row) {
    if (!try_pixels(out, row_bytes, cmyk_row)) throw_error();
  }
  const jpeg_decompress_struct& info() const { return info_; }
  std::vector<std::string> warnings() const {
    if (errors_.manager.num_warnings == 0) return {};
    return {fmt::format("{} ({} warnings of this decoder)", errors_.warning,
                        errors_.manager.num_warnings)};
  }
  int orientation() const {
    for (jpeg_saved_marker_ptr marker = info_.marker_list; marker != nullptr;
         marker = marker->next) {
      const Bytes data(reinterpret_cast<const std::byte*>(marker->data), marker->data_length);
      const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
      if (text.starts_with(kExifHead)) return exif_orientation(data.subspan(kExifHead.size()));
    }
    return 1;
  }

 private:
  [[noreturn]] void throw_error() const { fail(ErrorCode::kDecode, "JPEG: {}", errors_.message); }

  // Functions that call setjmp hold no object with a destructor.
  bool try_header() {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xFFFF);
    return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK;
  }

  bool try_scale(size_t edge) {
    if (setjmp(errors_.jump) != 0) return false;
    const size_t shorter = std::min(info_.image_width, info_.image_height);
    info_.scale_num = 1;
    for (info_.scale_denom = edge == 0 ? 1 : 8; info_.scale_denom > 1; info_.scale_denom /= 2) {
      if (shorter / info_.scale_denom >= edge) break;
    }
    jpeg_calc_output_dimensions(&info_);
    return true;
  }

  bool try_pixels(uint8_t* out, size_t row_bytes, uint8_t* cmyk_row) {
    if (setjmp(errors_.jump) != 0) return false;
    info_.dct_method = JDCT_ISLOW;
    info_.do_fancy_upsampling = TRUE;
    info_.out_color_space = cmyk_row != nullptr ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      uint8_t* to = out + size_t{info_.output_scanline} * row_bytes;
      JSAMPROW row = cmyk_row != nullptr ? cmyk_row : to;
      jpeg_read_scanlines(&info_, &row, 1);
      if (cmyk_row != nullptr) {
        // Adobe's inverted polarity is assumed, as Pillow does.
        for (size_t i = 0; i < size_t{info_.output_width} * 4; ++i) {
          cmyk_row[i] = static_cast<uint8_t>(255 - cmyk_row[i]);
        }
        cmyk_to_rgb(cmyk_row, info_.output_width, to);
      }
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  Bytes bytes_;
  jpeg_decompress_struct info_;
  jpeg_progress_mgr progress_{};
  ErrorState errors_;
};

}  // namespace

CodecResult decode_jpeg(Bytes bytes, const DecodeOptions& options) {
  const auto reader = std::make_unique<JpegReader>(bytes);
  reader->read_header();
  const jpeg_decompress_struct& info = reader->info();
  const int components = info.num_components;
  if (info.data_precision != 8 || (components != 1 && components != 3 && components != 4)) {
    fail(ErrorCode::kUnsupported, "JPEG: {} components of {} bits are not read", components,
         info.data_precision);
  }
  CodecResult out;
  check_size(info.image_width, info.image_height, options);
  reader->scale_down_to(options.scaled_edge);
  out.image = make_image(info.output_width, info.output_height, options);
  std::vector<uint8_t> cmyk;
  if (components == 4) cmyk.resize(size_t{info.output_width} * 4);
  // Before the pixels: finishing them frees the saved markers.
  out.orientation = reader->orientation();
  reader->read_pixels(out.image.pixels.data(), out.image.width * 3,
                      components == 4 ? cmyk.data() : nullptr);
  out.warnings = reader->warnings();
  return out;
}

}  // namespace mobileclip
