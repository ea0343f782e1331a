// embed: embeddings of images or texts into a file.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/command.h"
#include "cli/embedding_file.h"
#include "cli/encode.h"
#include "cli/items.h"

namespace mobileclip::cli {
namespace {

/// Counts and writes what comes out of either kind of item.
struct Sink {
  EmbeddingFile& file;
  bool quiet;
  size_t failed = 0;

  void add(const std::string& id, const Result<Embedding>& result) {
    if (result.ok()) {
      file.add(id, *result);
      return;
    }
    ++failed;
    file.add_error(id, result.error());
    if (!quiet) message(fmt::format("{}: {}", id, result.error().message()));
  }
};

ExitCode embed_images(const Arguments& arguments, const Settings& settings, EmbeddingFile& file) {
  const ImageList images = expand_images(arguments.all("images"));
  if (images.skipped != 0 && !settings.quiet) {
    message(fmt::format("skipped {} files that are no images", images.skipped));
  }
  ThreadPool pool(settings.threads);
  const auto model = load_model(arguments, settings, Towers::kImage, pool);
  file.start(static_cast<size_t>(model->config().embed_dim));
  ImageStreamOptions options;
  options.batch = settings.batch;
  options.normalize = !arguments.has("no-normalize");
  options.fast_decode = arguments.has("fast-decode");
  options.decode.apply_exif_orientation = !arguments.has("no-exif");
  Sink sink{file, settings.quiet};
  const ImageStreamTimes times =
      embed_image_files(model, pool, images.paths, options,
                        [&](size_t first, std::span<const Result<Embedding>> rows) {
                          for (size_t i = 0; i < rows.size(); ++i)
                            sink.add(images.paths[first + i], rows[i]);
                        });
  file.finish();
  if (settings.verbose) {
    message(fmt::format(
        "{} images in {:.2f} s, {:.2f} images/s; of the threads' time: decode {:.1f} %, resize "
        "{:.1f} %, network {:.1f} %, wait {:.1f} %",
        images.paths.size(), times.seconds,
        static_cast<double>(images.paths.size()) / times.seconds, 100 * times.decode,
        100 * times.resize, 100 * times.network, 100 * times.wait));
  }
  return exit_code(images.paths.size(), sink.failed);
}

ExitCode embed_texts(const Arguments& arguments, const Settings& settings,
                     const std::vector<std::string>& texts, EmbeddingFile& file) {
  ThreadPool pool(settings.threads);
  const auto model = load_model(arguments, settings, Towers::kText, pool);
  Session session(model, pool);
  file.start(static_cast<size_t>(model->config().embed_dim));
  Sink sink{file, settings.quiet};
  for (size_t first = 0; first < texts.size(); first += settings.batch) {
    const size_t count = std::min(settings.batch, texts.size() - first);
    const auto begin = texts.begin() + static_cast<ptrdiff_t>(first);
    const std::vector<std::string> part(begin, begin + static_cast<ptrdiff_t>(count));
    const auto results =
        encode_texts(session, part, !arguments.has("no-normalize"), !settings.quiet);
    for (size_t i = 0; i < count; ++i) sink.add(part[i], results[i]);
  }
  file.finish();
  return exit_code(texts.size(), sink.failed);
}

ExitCode run(const Arguments& arguments, Output&) {
  const Settings settings = settings_of(arguments);
  const bool images = arguments.has("images");
  const bool texts = arguments.has("texts");
  const bool text_file = arguments.has("text-file");
  if (int{images} + int{texts} + int{text_file} != 1) {
    throw UsageError("embed takes exactly one of --images, --texts and --text-file");
  }
  if (!arguments.positional().empty()) {
    throw UsageError(fmt::format("unexpected word {}", quote(arguments.positional().front())));
  }
  if (images && arguments.all("images").empty()) throw UsageError("--images names no image");
  if (texts && arguments.all("texts").empty()) throw UsageError("--texts gives no text");
  if (!arguments.has("output")) {
    throw UsageError(text_file ? "no output: give one with -o OUT.npy|OUT.jsonl"
                               : "no output: give one with -o OUT.npy|OUT.jsonl before --images or "
                                 "--texts, which take every word up to the next --OPTION");
  }
  arch_of(arguments);
  EmbeddingFile file(arguments.one("output"));
  require_model(arguments);
  if (images) return embed_images(arguments, settings, file);
  std::vector<std::string> given = arguments.all("texts");
  if (text_file) given = read_lines(arguments.one("text-file"));
  if (given.empty()) {
    fail(ErrorCode::kInvalidArgument, "{} holds no text", quote(arguments.one("text-file")));
  }
  return embed_texts(arguments, settings, given, file);
}

}  // namespace

Command embed_command() {
  return {"embed",
          "-o OUT.npy|OUT.jsonl --images PATH... | --texts TEXT... | --text-file FILE",
          "embeddings of images or texts, L2-normalised",
          {{"images", '\0', Arity::kMany, "PATH...", "images and folders of images"},
           {"texts", '\0', Arity::kMany, "TEXT...", "texts, each one word of the command line"},
           {"text-file", '\0', Arity::kOne, "FILE", "texts, one per line"},
           {"output", 'o', Arity::kOne, "OUT", ".npy (with OUT.ids.txt) or .jsonl"},
           {"no-normalize", '\0', Arity::kFlag, "", "raw embeddings"},
           {"fast-decode", '\0', Arity::kFlag, "",
            "decode large JPEGs at a smaller size: faster, not the reference's pixels"},
           kNoExifOption,
           kModelOption,
           kArchOption,
           kTokenizerOption,
           kPrecisionOption},
          run};
}

}  // namespace mobileclip::cli
