// PNG through libpng; the chunks are walked first, as Pillow does, for CRCs, caps and EXIF.
#include <libdeflate.h>
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "image/codecs.h"

namespace mobileclip {
namespace {

constexpr size_t kSignature = 8;
constexpr uint64_t kMaxAncillary = 1 << 20;

struct Header {
  uint32_t width = 0, height = 0;
  int orientation = 1;
  std::vector<std::string> warnings;
};

uint32_t big_endian(Bytes bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<uint32_t>(bytes[i]);
  return value;
}

void truncated() { fail(ErrorCode::kDecode, "PNG: the image is truncated"); }

/// Every chunk up to the end: CRCs before the image data must hold; a wrong one in it, and a
/// missing end, are warnings.
Header walk_chunks(Bytes bytes) {
  Header header;
  bool in_data = false;
  bool ended = false;
  size_t bad_data_crc = 0;
  for (size_t at = kSignature; !ended && at < bytes.size();) {
    if (bytes.size() - at < 8) {
      if (!in_data) truncated();
      break;
    }
    const uint64_t length = big_endian(bytes.subspan(at));
    const std::string_view type(reinterpret_cast<const char*>(bytes.data()) + at + 4, 4);
    if (!range_inside(at + 8, length + 4, bytes.size())) {
      if (!in_data && type != "IDAT") truncated();
      break;
    }
    const Bytes data = bytes.subspan(at + 8, length);
    const uint32_t crc = libdeflate_crc32(0, bytes.data() + at + 4, length + 4);
    const bool good = crc == big_endian(bytes.subspan(at + 8 + length));
    const bool ancillary = (type[0] & 0x20) != 0;
    if (ancillary && length > kMaxAncillary) {
      fail(ErrorCode::kTooLarge, "PNG: chunk {} has {} bytes, more than {}", quote(type), length,
           kMaxAncillary);
    }
    if (type == "IDAT") {
      in_data = true;
      bad_data_crc += good ? 0 : 1;
    } else if (!good && !in_data) {
      fail(ErrorCode::kDecode, "PNG: the CRC of chunk {} does not match", quote(type));
    }
    if (type == "IHDR" && length >= 8) {
      header.width = big_endian(data);
      header.height = big_endian(data.subspan(4));
    }
    if (type == "eXIf" && good) header.orientation = exif_orientation(data);
    ended = type == "IEND";
    at += 12 + length;
  }
  if (bad_data_crc != 0) {
    header.warnings.push_back(
        fmt::format("the CRC of {} IDAT chunks does not match", bad_data_crc));
  }
  if (!ended) header.warnings.emplace_back("the IEND chunk is missing");
  return header;
}

/// What libpng's callbacks share. Plain data: longjmp leaves only frames without destructors.
struct ReadState {
  const unsigned char* data;
  size_t size;
  size_t position;
  bool out_of_data;
  char message[256];
};

void on_read(png_structp png, png_bytep out, size_t count) {
  auto* state = static_cast<ReadState*>(png_get_io_ptr(png));
  if (count > state->size - state->position) {
    state->out_of_data = true;
    png_error(png, "the image is truncated");
  }
  std::memcpy(out, state->data + state->position, count);
  state->position += count;
}

void on_error(png_structp png, png_const_charp message) {
  auto* state = static_cast<ReadState*>(png_get_error_ptr(png));
  std::snprintf(state->message, sizeof state->message, "%s", message);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

class PngReader {
 public:
  explicit PngReader(Bytes bytes) {
    state_ = {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), 0, false, {}};
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state_, on_error, on_warning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) fail(ErrorCode::kDecode, "PNG: libpng could not be started");
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  void read_header() {
    if (!try_header()) throw_error();
  }
  void read_rows(uint8_t* out, size_t row_bytes, size_t height) {
    if (!try_rows(out, row_bytes, height)) throw_error();
  }
  /// True if the file ends as it should; false if bytes ran out after the last row.
  bool read_end() {
    if (try_end()) return true;
    if (!state_.out_of_data) throw_error();
    return false;
  }
  bool palette() const { return png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE; }
  Palette colours() const {
    Palette table = grey_palette();
    png_colorp colours = nullptr;
    int count = 0;
    png_get_PLTE(png_, info_, &colours, &count);
    for (size_t i = 0; i < table.size() && i < static_cast<size_t>(count); ++i) {
      table[i] = {colours[i].red, colours[i].green, colours[i].blue};
    }
    return table;
  }

 private:
  [[noreturn]] void throw_error() const { fail(ErrorCode::kDecode, "PNG: {}", state_.message); }

  // Functions that call setjmp hold no object with a destructor.
  bool try_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, &state_, on_read);
    png_set_user_limits(png_, 0x7FFFFFFF, 0x7FFFFFFF);  // our own cap counts pixels
    png_set_crc_action(png_, PNG_CRC_WARN_USE, PNG_CRC_WARN_DISCARD);
    // A wrong checksum of the compressed data is an error, not a warning.
    png_set_benign_errors(png_, 0);
    // Of the other chunks nothing is wanted.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_read_info(png_, info_);
    if (palette()) {
      png_set_packing(png_);
    } else {
      png_set_strip_16(png_);
      png_set_strip_alpha(png_);
      png_set_expand_gray_1_2_4_to_8(png_);
      png_set_gray_to_rgb(png_);
    }
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  bool try_rows(uint8_t* out, size_t row_bytes, size_t height) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    if (png_get_rowbytes(png_, info_) != row_bytes) png_error(png_, "unexpected row size");
    const bool interlaced = png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE;
    for (int pass = 0; pass < (interlaced ? 7 : 1); ++pass) {
      for (size_t y = 0; y < height; ++y) png_read_row(png_, out + y * row_bytes, nullptr);
    }
    return true;
  }

  bool try_end() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_end(png_, nullptr);
    return true;
  }

  ReadState state_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

CodecResult decode_png(Bytes bytes, const DecodeOptions& options) {
  Header header = walk_chunks(bytes);
  CodecResult out;
  out.image = make_image(header.width, header.height, options);
  PngReader reader(bytes);
  reader.read_header();
  if (reader.palette()) {
    std::vector<uint8_t> indices(out.image.width * out.image.height);
    reader.read_rows(indices.data(), out.image.width, out.image.height);
    const Palette table = reader.colours();
    for (size_t i = 0; i < indices.size(); ++i) {
      std::memcpy(&out.image.pixels[3 * i], table[indices[i]].data(), 3);
    }
  } else {
    reader.read_rows(out.image.pixels.data(), out.image.width * 3, out.image.height);
  }
  reader.read_end();
  out.orientation = header.orientation;
  out.warnings = std::move(header.warnings);
  return out;
}

}  // namespace mobileclip
