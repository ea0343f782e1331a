#include "data/record.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/augmentation_json.h"

namespace mobileclip {
namespace {

using nlohmann::json;

constexpr std::string_view kSynthetic = "_emb";

bool is_image_extension(std::string_view extension) {
  for (const std::string_view known : {"jpg", "jpeg", "png", "webp"}) {
    if (extension == known) return true;
  }
  return false;
}

std::map<std::string, std::vector<std::string>> parse_captions(const std::string& text,
                                                               const std::string& what) {
  try {
    const json root = json::parse(text);
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& [key, list] : root.items()) out[key] = list.get<std::vector<std::string>>();
    return out;
  } catch (const std::exception& error) {
    fail(ErrorCode::kDamaged, "{}: no object of lists of strings: {}", what, error.what());
  }
}

[[noreturn]] void wrong_rows(const std::string& key, std::string_view what, size_t expected,
                             size_t found) {
  fail(ErrorCode::kDamaged, "record {}: {} should have {} rows, has {}", quote(key), what, expected,
       found);
}

/// Rows [begin, begin + count).
Matrix slice(const Matrix& matrix, size_t begin, size_t count) {
  Matrix out{count, matrix.cols, {}};
  const auto first = matrix.values.begin() + static_cast<ptrdiff_t>(begin * matrix.cols);
  out.values.assign(first, first + static_cast<ptrdiff_t>(count * matrix.cols));
  return out;
}

/// Splits text rows into real and synthetic ones by their number.
void take_text(const Record& record, NamedMatrices& matrices, Reinforcement& out) {
  const size_t real = record.caption ? 1 : 0;
  const Matrix& text = matrices["text_emb"];
  const size_t all_synthetic =
      record.synthetic.size() == 1 ? record.synthetic.begin()->second.size() : 0;
  if (record.synthetic.size() == 1 && text.rows >= all_synthetic && all_synthetic > 0 &&
      !matrices.contains(record.synthetic.begin()->first + std::string(kSynthetic))) {
    // Joint. Without `txt` (it comes from another shard) the number of real rows is what is left.
    const size_t rows = text.rows - all_synthetic;
    if (real != 0 && rows != real)
      wrong_rows(record.key, "text_emb", real + all_synthetic, text.rows);
    out.text = slice(text, 0, rows);
    out.synthetic[record.synthetic.begin()->first] = slice(text, rows, all_synthetic);
    return;
  }
  if (real != 0 && text.rows != real) wrong_rows(record.key, "text_emb", real, text.rows);
  out.text = text;
  for (const auto& [key, captions] : record.synthetic) {
    const auto found = matrices.find(key + std::string(kSynthetic));
    if (found == matrices.end()) {
      fail(ErrorCode::kDamaged, "record {}: there is no {}{}", quote(record.key), key, kSynthetic);
    }
    if (found->second.rows != captions.size()) {
      wrong_rows(record.key, key + std::string(kSynthetic), captions.size(), found->second.rows);
    }
    out.synthetic[key] = found->second;
  }
}

void check_width(const Record& record, const Reinforcement& r) {
  const auto check = [&](const Matrix& m, std::string_view what) {
    if (m.rows > 0 && m.cols != r.image.cols) {
      fail(ErrorCode::kDamaged, "record {}: image_emb has {} columns, {} has {}", quote(record.key),
           r.image.cols, what, m.cols);
    }
  };
  check(r.text, "text_emb");
  for (const auto& [key, matrix] : r.synthetic) check(matrix, key);
  if (r.augmentations.size() != r.image.rows) {
    wrong_rows(record.key, "image_emb", r.augmentations.size(), r.image.rows);
  }
}

}  // namespace

Record parse_record(const Sample& sample) {
  Record out;
  out.key = sample.key;
  std::optional<NamedMatrices> matrices;
  const std::string* augmentations = nullptr;
  const std::string* half = nullptr;
  for (const auto& [extension, bytes] : sample.members) {
    const std::string what = fmt::format("record {}: {}", quote(sample.key), extension);
    if (is_image_extension(extension)) {
      out.image = bytes;
      out.image_extension = extension;
    } else if (extension == "txt") {
      out.caption = bytes;
    } else if (extension == "syn.json") {
      out.synthetic = parse_captions(bytes, what);
    } else if (extension == "paug.json") {
      augmentations = &bytes;
    } else if (extension == "npz") {
      matrices = read_npz(bytes, what);
    } else if (extension == "pth.gz") {
      half = &bytes;
    } else {
      out.others[extension] = bytes;
    }
  }
  if (!matrices && half != nullptr) {
    matrices = read_pth_gz(*half, fmt::format("record {}: pth.gz", quote(sample.key)));
  }
  if (!matrices) return out;
  Reinforcement r;
  if (augmentations == nullptr) {
    fail(ErrorCode::kDamaged, "record {}: it has embeddings but no paug.json", quote(sample.key));
  }
  r.augmentations =
      parse_augmentations(*augmentations, fmt::format("record {}: paug.json", quote(sample.key)));
  if (!matrices->contains("image_emb") || !matrices->contains("text_emb")) {
    fail(ErrorCode::kDamaged, "record {}: it lacks image_emb or text_emb", quote(sample.key));
  }
  r.image = (*matrices)["image_emb"];
  take_text(out, *matrices, r);
  check_width(out, r);
  out.reinforcement = std::move(r);
  return out;
}

Sample make_sample(const Record& record, EmbeddingFormat format) {
  Sample out{record.key, record.others};
  if (!record.image.empty()) out.members[record.image_extension] = record.image;
  if (record.caption) out.members["txt"] = *record.caption;
  if (!record.synthetic.empty()) out.members["syn.json"] = json(record.synthetic).dump();
  if (!record.reinforcement) return out;
  const Reinforcement& r = *record.reinforcement;
  NamedMatrices matrices{{"image_emb", r.image}, {"text_emb", r.text}};
  for (const auto& [key, matrix] : r.synthetic) matrices[key + std::string(kSynthetic)] = matrix;
  out.members["paug.json"] = augmentations_json(r.augmentations);
  if (format == EmbeddingFormat::kNpzFloat32) {
    out.members["npz"] = write_npz(matrices);
  } else {
    out.members["pth.gz"] = write_pth_gz(matrices);
  }
  return out;
}

}  // namespace mobileclip
