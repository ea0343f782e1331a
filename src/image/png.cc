// PNG through libpng; the chunks are walked first, as Pillow does, for CRCs, caps and EXIF.
#include <libdeflate.h>
#include <png.h>

#include <algorithm>
#include <array>
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

constexpr uint8_t kNoCrc[4] = {};
constexpr uint8_t kEnd[12] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};

struct Header {
  uint32_t width = 0, height = 0;
  int orientation = 1;
  std::vector<std::string> warnings;
  /// What libpng is given, in pieces: header, palette and image data. Nothing else reaches it.
  std::vector<Bytes> stream;
  /// The head of an IDAT chunk that the file's end cut short, with the length that is there.
  std::array<std::byte, 8> cut_head{};
};

uint32_t big_endian(Bytes bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<uint32_t>(bytes[i]);
  return value;
}

[[noreturn]] void truncated() { fail(ErrorCode::kDecode, "PNG: the image is truncated"); }

bool is_chunk_name(std::string_view type) {
  return std::all_of(type.begin(), type.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Walks the chunks as Pillow does. Before the image data all must be whole, with right CRCs; in
/// it a wrong CRC, and after it whatever ends the file early, are warnings.
class ChunkWalk {
 public:
  explicit ChunkWalk(Bytes bytes) : bytes_(bytes) {
    header_.stream.push_back(bytes.first(kSignature));
    size_t at = kSignature;
    while (!ended_ && read_chunk(at)) at += 12 + length_;
    if (bad_crcs_ != 0) {
      header_.warnings.push_back(
          fmt::format("the CRC of {} IDAT chunks does not match", bad_crcs_));
    }
    if (!ended_) header_.warnings.emplace_back("the IEND chunk is missing");
  }
  const Header& header() const { return header_; }

 private:
  /// False if nothing more can be read.
  bool read_chunk(size_t at) {
    if (bytes_.size() - at < 8) return missing();
    length_ = big_endian(bytes_.subspan(at));
    const std::string_view type(reinterpret_cast<const char*>(bytes_.data()) + at + 4, 4);
    if (!is_chunk_name(type)) return missing();
    const Bytes rest = bytes_.subspan(at + 8);
    if (type == "IEND" && part_ != Part::kBefore) {
      ended_ = true;
      return false;
    }
    if (rest.size() < length_ + 4) return read_cut_chunk(type, rest);
    const Bytes data = rest.first(length_);
    const uint32_t crc = libdeflate_crc32(0, bytes_.data() + at + 4, length_ + 4);
    const bool good = crc == big_endian(rest.subspan(length_));
    if ((type[0] & 0x20) != 0 && length_ > kMaxAncillary) {
      fail(ErrorCode::kTooLarge, "PNG: chunk {} has {} bytes, more than {}", quote(type), length_,
           kMaxAncillary);
    }
    const bool image_data = type == "IDAT";
    if (!good && !image_data && part_ == Part::kBefore) {
      fail(ErrorCode::kDecode, "PNG: the CRC of chunk {} does not match", quote(type));
    }
    if (image_data && part_ == Part::kBefore) part_ = Part::kData;
    if (!image_data && part_ == Part::kData) part_ = Part::kAfter;
    if (image_data && part_ == Part::kData) bad_crcs_ += good ? 0 : 1;
    if ((image_data && part_ == Part::kData) || type == "IHDR" || type == "PLTE") {
      if (part_ != Part::kAfter) header_.stream.push_back(bytes_.subspan(at, 12 + length_));
    }
    if (type == "IHDR" && length_ >= 8) {
      header_.width = big_endian(data);
      header_.height = big_endian(data.subspan(4));
    }
    if (type == "eXIf" && good) header_.orientation = exif_orientation(data);
    return true;
  }

  /// A chunk that the file's end cuts: of image data what is there may be enough.
  bool read_cut_chunk(std::string_view type, Bytes rest) {
    if (type != "IDAT" || part_ == Part::kAfter) {
      if (part_ == Part::kBefore || rest.size() < length_) truncated();
      return false;
    }
    part_ = Part::kData;
    const Bytes data = rest.first(std::min<size_t>(rest.size(), length_));
    for (size_t i = 0; i < 4; ++i) {
      header_.cut_head[i] = static_cast<std::byte>(data.size() >> (24 - 8 * i));
      header_.cut_head[4 + i] = static_cast<std::byte>(type[i]);
    }
    header_.stream.insert(header_.stream.end(),
                          {Bytes(header_.cut_head), data, std::as_bytes(std::span(kNoCrc))});
    return false;
  }

  bool missing() const {
    if (part_ == Part::kBefore) truncated();
    return false;
  }

  enum class Part { kBefore, kData, kAfter };
  Bytes bytes_;
  Header header_;
  Part part_ = Part::kBefore;
  uint64_t length_ = 0;
  size_t bad_crcs_ = 0;
  bool ended_ = false;
};

/// What libpng's callbacks share. Plain data: longjmp leaves only frames without destructors.
struct ReadState {
  const Bytes* pieces;
  size_t count;
  size_t position;  // in the first piece
  uint64_t height;
  bool interlaced;
  bool complete;  // the last row's pixels are there
  char message[256];
  char warning[256];
};

void on_read(png_structp png, png_bytep out, size_t count) {
  auto* state = static_cast<ReadState*>(png_get_io_ptr(png));
  while (count > 0) {
    if (state->count == 0) png_error(png, "the image is truncated");
    const Bytes& piece = *state->pieces;
    const size_t n = std::min(count, piece.size() - state->position);
    if (n > 0) std::memcpy(out, piece.data() + state->position, n);
    out += n;
    count -= n;
    state->position += n;
    if (state->position < piece.size()) continue;
    ++state->pieces;
    --state->count;
    state->position = 0;
  }
}

void on_error(png_structp png, png_const_charp message) {
  auto* state = static_cast<ReadState*>(png_get_error_ptr(png));
  std::snprintf(state->message, sizeof state->message, "%s", message);
  png_longjmp(png, 1);
}

void on_warning(png_structp png, png_const_charp message) {
  auto* state = static_cast<ReadState*>(png_get_error_ptr(png));
  if (state->warning[0] == '\0') {
    std::snprintf(state->warning, sizeof state->warning, "%s", message);
  }
}

/// Called with each row that was inflated; notes the last one (of the last Adam7 pass: odd rows).
void on_row(png_structp png, png_row_infop, png_bytep) {
  auto* state = static_cast<ReadState*>(png_get_user_transform_ptr(png));
  const uint64_t row = png_get_current_row_number(png);
  const int pass = png_get_current_pass_number(png);
  const bool last_odd_row = pass == 6 && row + 2 >= state->height;
  if (last_odd_row || (!state->interlaced && row + 1 == state->height)) state->complete = true;
}

class PngReader {
 public:
  explicit PngReader(std::span<const Bytes> pieces) {
    state_ = {pieces.data(), pieces.size(), 0, 0, false, false, {}, {}};
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
  /// The first warning, empty if there was none.
  std::string warning() const { return state_.warning; }
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
    // CRCs have been judged already.
    png_set_crc_action(png_, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    // What is wrong behind the last row is a warning; libpng keeps real damage an error.
    png_set_benign_errors(png_, 1);
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
    state_.height = png_get_image_height(png_, info_);
    state_.interlaced = png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE;
    png_set_read_user_transform_fn(png_, on_row);
    png_set_user_transform_info(png_, &state_, 0, 0);
    png_read_update_info(png_, info_);
    return true;
  }

  bool try_rows(uint8_t* out, size_t row_bytes, size_t height) {
    if (setjmp(png_jmpbuf(png_)) != 0) {
      if (!state_.complete) return false;
      // The compressed data lacks its end, but no pixel.
      std::memcpy(state_.warning, state_.message, sizeof state_.warning);
      return true;
    }
    if (png_get_rowbytes(png_, info_) != row_bytes) png_error(png_, "unexpected row size");
    for (int pass = 0; pass < (state_.interlaced ? 7 : 1); ++pass) {
      for (size_t y = 0; y < height; ++y) png_read_row(png_, out + y * row_bytes, nullptr);
    }
    return true;
  }

  ReadState state_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

CodecResult decode_png(Bytes bytes, const DecodeOptions& options) {
  const ChunkWalk walk(bytes);
  const Header& header = walk.header();
  std::vector<Bytes> stream = header.stream;
  stream.push_back(std::as_bytes(std::span(kEnd)));
  CodecResult out;
  out.image = make_image(header.width, header.height, options);
  PngReader reader(stream);
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
  out.orientation = header.orientation;
  out.warnings = header.warnings;
  if (!reader.warning().empty()) out.warnings.push_back(reader.warning());
  return out;
}

}  // namespace mobileclip
