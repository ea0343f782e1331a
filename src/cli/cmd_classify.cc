// classify: probabilities of labels for images.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "cli/command.h"
#include "cli/encode.h"
#include "cli/items.h"
#include "cli/json.h"

namespace mobileclip::cli {
namespace {

std::vector<std::string> labels_of(const Arguments& arguments) {
  std::vector<std::string> labels = arguments.all("label");
  for (const std::string& file : arguments.all("labels-file")) {
    for (std::string& line : read_lines(file)) {
      if (!line.empty()) labels.push_back(std::move(line));
    }
  }
  if (labels.empty()) throw UsageError("no labels: give some with -l LABEL or --labels-file FILE");
  if (std::ranges::find(labels, "") != labels.end()) throw UsageError("a label is empty");
  return labels;
}

std::vector<std::string> templates_of(const Arguments& arguments) {
  std::vector<std::string> templates = arguments.all("template");
  if (templates.empty()) templates.emplace_back("{}");
  for (const std::string& text : templates) {
    if (text.find("{}") == std::string::npos) {
      throw UsageError(fmt::format("template {} has no {{}} for the label", quote(text)));
    }
  }
  return templates;
}

std::string fill(std::string text, const std::string& label) {
  for (size_t at = 0; (at = text.find("{}", at)) != std::string::npos; at += label.size()) {
    text.replace(at, 2, label);
  }
  return text;
}

/// One unit row per label: the mean of its templates' unit embeddings, normalised again.
std::vector<float> embed_labels(Session& session, const std::vector<std::string>& labels,
                                const std::vector<std::string>& templates,
                                const Settings& settings) {
  std::vector<std::string> prompts;
  for (const std::string& label : labels) {
    for (const std::string& text : templates) prompts.push_back(fill(text, label));
  }
  const auto dim = static_cast<size_t>(session.model().config().embed_dim);
  std::vector<float> rows(labels.size() * dim, 0.0f);
  for (size_t first = 0; first < prompts.size(); first += settings.batch) {
    const size_t count = std::min(settings.batch, prompts.size() - first);
    const auto begin = prompts.begin() + static_cast<ptrdiff_t>(first);
    const std::vector<std::string> part(begin, begin + static_cast<ptrdiff_t>(count));
    const auto embeddings = encode_texts(session, part, true, !settings.quiet);
    for (size_t i = 0; i < count; ++i) {
      float* row = &rows[(first + i) / templates.size() * dim];
      for (size_t d = 0; d < dim; ++d) row[d] += (*embeddings[i])[d];
    }
  }
  normalize_rows(rows.data(), labels.size(), dim);
  return rows;
}

class Reporter {
 public:
  Reporter(const Model& model, const std::vector<std::string>& labels,
           const std::vector<float>& rows, size_t top, bool json, Output& out)
      : model_(model),
        labels_(labels),
        rows_(rows),
        top_(std::min(top, labels.size())),
        json_(json),
        out_(out) {}

  void failed(const std::string& path, const Error& error) {
    if (json_) {
      out_.line(fmt::format("{{\"file\":{},\"error\":{}}}", json_string(path), error_json(error)));
    } else {
      message(fmt::format("{}: {}", path, error.message()));
    }
  }

  void classified(const std::string& path, const Embedding& image) {
    const size_t dim = image.size();
    const std::vector<double> probabilities =
        model_.config().logit_bias
            ? sigmoid_probabilities(image, rows_, dim, model_.logit_scale(), model_.logit_bias())
            : zero_shot_probabilities(image, rows_, dim);
    std::vector<size_t> order(labels_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, std::ranges::greater(),
                             [&](size_t i) { return probabilities[i]; });
    order.resize(top_);
    if (!json_) {
      out_.line(path);
      for (const size_t i : order) {
        out_.line(fmt::format("{:8.2f} %  {}", 100 * probabilities[i], labels_[i]));
      }
      return;
    }
    std::vector<std::string> parts;
    for (const size_t i : order) {
      const double similarity = cosine(image, std::span(rows_).subspan(i * dim, dim));
      parts.push_back(fmt::format("{{\"label\":{},\"probability\":{},\"cosine\":{}}}",
                                  json_string(labels_[i]), json_number(probabilities[i]),
                                  json_number(similarity)));
    }
    out_.line(
        fmt::format("{{\"file\":{},\"labels\":[{}]}}", json_string(path), fmt::join(parts, ",")));
  }

 private:
  const Model& model_;
  const std::vector<std::string>& labels_;
  const std::vector<float>& rows_;
  size_t top_;
  bool json_;
  Output& out_;
};

ExitCode run(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  const std::vector<std::string> templates = templates_of(arguments);
  if (arguments.positional().empty()) throw UsageError("no image to classify");
  const int top = arguments.number("top", 1 << 30, 1, 1 << 30);
  arch_of(arguments);
  const std::vector<std::string> labels = labels_of(arguments);
  require_model(arguments);

  const ImageList images = expand_images(arguments.positional());
  if (images.skipped != 0 && !settings.quiet) {
    message(fmt::format("skipped {} files that are no images", images.skipped));
  }
  ThreadPool pool(settings.threads);
  const auto model = load_model(arguments, settings, Towers::kBoth, pool);
  const std::vector<float> rows = [&] {
    Session session(model, pool);  // its workspace goes before the images' one comes
    return embed_labels(session, labels, templates, settings);
  }();
  Reporter reporter(*model, labels, rows, static_cast<size_t>(top), settings.json, out);

  ImageStreamOptions options;
  options.batch = settings.batch;
  options.decode.apply_exif_orientation = !arguments.has("no-exif");
  size_t failed = 0;
  embed_image_files(model, pool, images.paths, options,
                    [&](size_t first, std::span<const Result<Embedding>> embeddings) {
                      for (size_t i = 0; i < embeddings.size(); ++i) {
                        const std::string& path = images.paths[first + i];
                        if (embeddings[i].ok()) {
                          reporter.classified(path, *embeddings[i]);
                        } else {
                          ++failed;
                          reporter.failed(path, embeddings[i].error());
                        }
                      }
                      out.flush();
                    });
  return exit_code(images.paths.size(), failed);
}

}  // namespace

Command classify_command() {
  return {"classify",
          "IMAGE... -l LABEL [-l LABEL...]",
          "probabilities of labels for images; a folder stands for its images, - for stdin",
          {{"label", 'l', Arity::kEach, "LABEL", "a label, repeatable"},
           {"labels-file", '\0', Arity::kEach, "FILE", "labels, one per line"},
           {"template", '\0', Arity::kEach, "TEXT",
            "prompt around {}, repeatable: unit embeddings are averaged (default {})"},
           {"top", '\0', Arity::kOne, "K", "only the K most probable labels"},
           kNoExifOption,
           kModelOption,
           kArchOption,
           kTokenizerOption,
           kPrecisionOption},
          run};
}

}  // namespace mobileclip::cli
