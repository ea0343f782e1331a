// Images from wherever they are.
#include <cstring>
#include <new>

#include "api/impl.h"
#include "base/error.h"
#include "base/mapped_file.h"

namespace mobileclip {
namespace api {
namespace {

constexpr size_t kMaxFile = size_t{1} << 30;

RgbImage load(const std::string& path, const PreprocessConfig& config) {
  // "-" is a file here, not standard input.
  const auto file = MappedFile::open(path == "-" ? "./-" : path, kMaxFile);
  try {
    return load_crop(file->bytes(), config);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", quote(path), error.message()));
  }
}

RgbImage load(std::span<const std::byte> bytes, const PreprocessConfig& config) {
  return load_crop(bytes, config);
}

RgbImage load(const Image::Rgb& rgb, const PreprocessConfig& config) {
  const uint64_t most = DecodeOptions{}.max_pixels;
  if (rgb.data == nullptr || rgb.width == 0 || rgb.height == 0) {
    fail(ErrorCode::kInvalidArgument, "an image of {}x{} pixels at {} holds no pixels", rgb.width,
         rgb.height, static_cast<const void*>(rgb.data));
  }
  if (rgb.width > most / rgb.height) {
    fail(ErrorCode::kTooLarge, "an image of {}x{} has more than {} pixels", rgb.width, rgb.height,
         most);
  }
  if (rgb.stride < 3 * rgb.width) {
    fail(ErrorCode::kInvalidArgument, "rows of {} pixels take {} bytes, the stride is {}",
         rgb.width, 3 * rgb.width, rgb.stride);
  }
  RgbImage image{rgb.width, rgb.height, {}};
  image.pixels.resize(3 * rgb.width * rgb.height);
  for (size_t y = 0; y < rgb.height; ++y) {
    std::memcpy(&image.pixels[y * 3 * rgb.width], rgb.data + y * rgb.stride, 3 * rgb.width);
  }
  return resize_and_crop(image, config);
}

}  // namespace

RgbImage load_image(const Image& image, const PreprocessConfig& config) {
  return std::visit([&](const auto& source) { return load(source, config); }, image.source());
}

Result<RgbImage> try_load_image(const Image& image, const PreprocessConfig& config) {
  try {
    return load_image(image, config);
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kTooLarge, "not enough memory to decode the image");
  }
}

}  // namespace api

inline namespace v1 {

Preprocess::Preprocess(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Pixels Preprocess::operator()(const std::vector<Image>& images) const {
  Pixels out{static_cast<size_t>(impl_->config.size), {}};
  const size_t per_image = 3 * out.image_size * out.image_size;
  out.values.resize(images.size() * per_image);
  for (size_t i = 0; i < images.size(); ++i) {
    const RgbImage crop = api::load_image(images[i], impl_->config);
    to_float_chw(crop, impl_->config, &out.values[i * per_image]);
  }
  return out;
}

Pixels Preprocess::operator()(const Image& image) const {
  return (*this)(std::vector<Image>{image});
}

int Preprocess::image_size() const { return impl_->config.size; }
std::array<float, 3> Preprocess::mean() const { return impl_->config.mean; }
std::array<float, 3> Preprocess::std() const { return impl_->config.std; }

}  // namespace v1
}  // namespace mobileclip
