// preprocess: the pixels a model sees.
#include <fmt/format.h>

#include "base/atomic_file.h"
#include "checkpoint/checkpoint.h"
#include "cli/command.h"
#include "engine/image_stream.h"
#include "engine/recognise.h"
#include "image/png_writer.h"

namespace mobileclip::cli {
namespace {

constexpr int kMaxSize = 4096;

PreprocessConfig config_of(const Arguments& arguments) {
  PreprocessConfig config;
  if (const ModelConfig* arch = arch_of(arguments)) {
    config = preprocess_config(*arch);
  } else if (arguments.has("model")) {
    config = preprocess_config(recognise(open_model(arguments)).effective);
  }
  config.size = arguments.number("size", config.size, 1, kMaxSize);
  const std::string interpolation = arguments.one("interpolation");
  if (interpolation == "bilinear") {
    config.interpolation = Interpolation::kBilinear;
  } else if (interpolation == "bicubic") {
    config.interpolation = Interpolation::kBicubic;
  } else if (arguments.has("interpolation")) {
    throw UsageError(
        fmt::format("--interpolation is bilinear or bicubic, not {}", quote(interpolation)));
  }
  return config;
}

std::string npy(const RgbImage& crop, const PreprocessConfig& config) {
  std::vector<float> values(crop.pixels.size());
  to_float_chw(crop, config, values.data());
  std::string header =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': (3, {}, {}), }}", crop.height,
                  crop.width);
  header.resize(117, ' ');
  header += '\n';
  std::string out = "\x93NUMPY\x01";
  out += '\0';
  out += static_cast<char>(header.size());
  out += '\0';
  out += header;
  return out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

ExitCode run(const Arguments& arguments, Output&) {
  settings_of(arguments);
  if (arguments.positional().size() != 1) throw UsageError("preprocess takes one IMAGE");
  const std::string path = arguments.one("output");
  if (!path.ends_with(".png") && !path.ends_with(".npy")) {
    throw UsageError("preprocess needs -o OUT.png or -o OUT.npy");
  }
  const PreprocessConfig config = config_of(arguments);
  DecodeOptions decode;
  decode.apply_exif_orientation = !arguments.has("no-exif");
  const std::string& image = arguments.positional().front();
  const Result<RgbImage> crop = load_image(image, config, decode);
  if (!crop.ok()) {
    throw Error(crop.error().code(), fmt::format("{}: {}", quote(image), crop.error().message()));
  }
  AtomicFile file(path);
  file.write(path.ends_with(".png") ? encode_png(*crop) : npy(*crop, config));
  file.commit();
  return kOk;
}

}  // namespace

Command preprocess_command() {
  return {"preprocess",
          "IMAGE -o OUT.png|OUT.npy",
          "the crop a model sees: .png as uint8, .npy as float32 3 x S x S",
          {{"output", 'o', Arity::kOne, "OUT", "where to write"},
           {"size", '\0', Arity::kOne, "S", "side of the crop (default 256)"},
           {"interpolation", '\0', Arity::kOne, "NAME", "bilinear (default) or bicubic"},
           kNoExifOption,
           kModelOption,
           kArchOption},
          run};
}

}  // namespace mobileclip::cli
