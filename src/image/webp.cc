// WebP through libwebp; of an animation the first frame on a black, transparent canvas.
#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>

#include "base/error.h"
#include "image/codecs.h"

namespace mobileclip {
namespace {

struct DeleteDemuxer {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};
using Demuxer = std::unique_ptr<WebPDemuxer, DeleteDemuxer>;

constexpr size_t kMaxExif = 1 << 20;

/// Owns what WebPDemuxGetFrame filled.
class FirstFrame {
 public:
  explicit FirstFrame(const WebPDemuxer* demuxer)
      : found_(WebPDemuxGetFrame(demuxer, 1, &frame_)) {}
  ~FirstFrame() { WebPDemuxReleaseIterator(&frame_); }
  FirstFrame(const FirstFrame&) = delete;
  FirstFrame& operator=(const FirstFrame&) = delete;
  bool found() const { return found_ != 0; }
  const WebPIterator& get() const { return frame_; }

 private:
  WebPIterator frame_{};
  int found_;
};

int read_orientation(const WebPDemuxer* demuxer) {
  WebPChunkIterator chunk{};
  int orientation = 1;
  if (WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk) != 0 && chunk.chunk.size <= kMaxExif) {
    Bytes data(reinterpret_cast<const std::byte*>(chunk.chunk.bytes), chunk.chunk.size);
    if (data.size() >= 6 && std::memcmp(data.data(), "Exif\0\0", 6) == 0) data = data.subspan(6);
    orientation = exif_orientation(data);
  }
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

}  // namespace

CodecResult decode_webp(Bytes bytes, const DecodeOptions& options) {
  const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  const Demuxer demuxer(WebPDemux(&data));
  if (demuxer == nullptr) fail(ErrorCode::kDecode, "WebP: the image is truncated or corrupt");
  CodecResult out;
  out.image = make_image(WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH),
                         WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT), options);
  const FirstFrame first(demuxer.get());
  const WebPIterator& frame = first.get();
  const auto x = static_cast<size_t>(frame.x_offset);
  const auto y = static_cast<size_t>(frame.y_offset);
  const auto width = static_cast<size_t>(frame.width);
  const auto height = static_cast<size_t>(frame.height);
  if (!first.found() || frame.complete == 0 || frame.width <= 0 || frame.height <= 0 ||
      x + width > out.image.width || y + height > out.image.height) {
    fail(ErrorCode::kDecode, "WebP: the image is truncated or corrupt");
  }
  const size_t stride = out.image.width * 3;
  uint8_t* to = out.image.pixels.data() + y * stride + x * 3;
  const size_t room = (height - 1) * stride + width * 3;
  if (WebPDecodeRGBInto(frame.fragment.bytes, frame.fragment.size, to, room,
                        static_cast<int>(stride)) == nullptr) {
    fail(ErrorCode::kDecode, "WebP: the image data is corrupt");
  }
  out.orientation = read_orientation(demuxer.get());
  return out;
}

}  // namespace mobileclip
