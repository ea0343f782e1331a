#include "engine/compact.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "base/error.h"
#include "base/mapped_file.h"
#include "checkpoint/own_format.h"
#include "engine/recognise.h"
#include "engine/session.h"
#include "engine/synthetic.h"

namespace mobileclip {
namespace {

std::string temporary(const std::string& name) { return testing::TempDir() + "/" + name; }

/// A packed synthetic nano, made once.
const std::string& packed() {
  static const std::string path = [] {
    write_synthetic_checkpoint(require_variant("mobileclip_nano"), temporary("nano.pt"));
    ThreadPool pool(2);
    write_compact(Checkpoint::open(temporary("nano.pt")), temporary("nano.safetensors"), "MIT",
                  pool);
    return temporary("nano.safetensors");
  }();
  return path;
}

std::vector<float> texts(const std::string& path) {
  ThreadPool pool(2);
  Session session(Model::load(path, {}, pool), pool);
  std::vector<float> out(2 * 256);
  session.encode_texts(std::vector<std::string>{"a red apple", "grinning face"}, out.data());
  normalize_rows(out.data(), 2, 256);
  return out;
}

TEST(Compact, IsSmallAndGivesNearlyTheSameEmbeddings) {
  EXPECT_LT(std::filesystem::file_size(packed()), 8'000'000U);
  const std::vector<float> small = texts(packed()), exact = texts(temporary("nano.pt"));
  EXPECT_NE(exact, small);
  for (size_t row = 0; row < 2; ++row) {
    EXPECT_GT(cosine({exact.data() + row * 256, 256}, {small.data() + row * 256, 256}), 0.999);
  }
}

TEST(Compact, ValuesAreWithinHalfAStepOfTheirForm) {
  const Checkpoint small = Checkpoint::open(packed());
  const Checkpoint exact = Checkpoint::open(temporary("nano.pt"));
  EXPECT_EQ(small.metadata().at("variant"), "mobileclip_nano");
  ASSERT_EQ(exact.tensors().size(), small.tensors().size());
  for (const TensorEntry& entry : exact.tensors()) {
    if (!is_floating(entry.dtype)) continue;
    const TensorEntry& other = *small.find(entry.name);
    std::vector<double> a(entry.elements()), b(entry.elements());
    read_elements(entry, a.data());
    read_elements(other, b.data());
    double peak = 0;
    for (const double v : a) peak = std::max(peak, std::abs(v));
    const double step = other.dtype == DType::kInt8Rows  ? peak / 127
                        : other.dtype == DType::kFloat16 ? peak / 1024
                                                         : 0;
    for (size_t i = 0; i < a.size(); ++i) {
      ASSERT_NEAR(a[i], b[i], step / 2 + 1e-12) << entry.name << " " << i;
    }
    if (other.dtype == DType::kInt8Rows) {
      std::vector<float> row(entry.elements() / entry.shape[0]);
      read_rows(other, 7, 1, row.data());
      for (size_t i = 0; i < row.size(); ++i) {
        EXPECT_EQ(static_cast<double>(row[i]), b[7 * row.size() + i]);
        EXPECT_NEAR(read_element(other, 7 * row.size() + i), b[7 * row.size() + i], 1e-7);
      }
    }
  }
}

/// `file` with checksums that are right for what it holds now.
std::string sealed(std::string file) {
  const size_t size = static_cast<size_t>(static_cast<unsigned char>(file[0])) |
                      static_cast<size_t>(static_cast<unsigned char>(file[1])) << 8 |
                      static_cast<size_t>(static_cast<unsigned char>(file[2])) << 16;
  std::string header = file.substr(8, size);
  std::vector<uint32_t> blocks;
  for (size_t at = 8 + size; at < file.size(); at += own_format::kBlock) {
    const std::string block = file.substr(at, own_format::kBlock);
    blocks.push_back(libdeflate_crc32(0, block.data(), block.size()));
  }
  own_format::fill_checksums(header, blocks);
  return file.replace(8, size, header);
}

/// Loading fails with a sentence that has `part`.
void expect_refused(const std::string& file, const std::string& part) {
  const std::string path = temporary("broken.safetensors");
  std::ofstream(path, std::ios::binary) << file;
  try {
    texts(path);
    ADD_FAILURE() << "loaded, expected: " << part;
  } catch (const Error& error) {
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
}

// As one made when the variant took smaller pictures.
TEST(Compact, AnotherInputContractIsRefused) {
  std::string file = read_file(packed(), size_t{1} << 28);
  const std::string ours = R"("image_size":"64")", other = R"("image_size":"48")";
  const size_t at = file.find(ours);
  ASSERT_NE(at, std::string::npos);
  expect_refused(sealed(file.replace(at, ours.size(), other)),
                 R"(image_size is "48", but mobileclip_nano has "64")");
}

TEST(Compact, DamagedPairsAreRefused) {
  const std::string bytes = read_file(packed(), size_t{1} << 28);
  ASSERT_EQ(sealed(bytes), bytes);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string broken = bytes;
    return broken.replace(broken.find(from), from.size(), to);
  };
  const std::string nameless = with("embedding_layer.weight.scale", "embedding_layer.weight.scalx");
  expect_refused(nameless, "CRC-32 of the header");
  expect_refused(sealed(nameless), "is int8: a float32");
  // Without the format's name int8 alone is no weight.
  expect_refused(sealed(with("\"format\":\"mobileclip\"", "\"format\":\"mobileclix\"")), "int8");
  expect_refused(bytes.substr(0, bytes.size() - 1), "truncated");
}

TEST(Compact, NonFiniteScalesAreRefused) {
  std::string bytes = read_file(packed(), size_t{1} << 28);
  const Checkpoint checkpoint = Checkpoint::open(packed());
  const TensorEntry& table = *checkpoint.find("text_encoder.embedding_layer.weight");
  const size_t at = static_cast<size_t>(table.row_scale.data() - checkpoint.file().bytes().data());
  bytes.replace(at + 4 * 100, 4, std::string("\x00\x00\xc0\x7f", 4));
  expect_refused(bytes, "CRC-32");
  expect_refused(sealed(bytes), "finite");
}

}  // namespace
}  // namespace mobileclip
