// Our own format and plain safetensors under named corruptions; and single bits flipped in our own
// and in a .pt: nothing passes.
#include <gtest/gtest.h>

#include <cstring>

#include "checkpoint/corruption_support.h"
#include "checkpoint/own_format.h"
#include "checkpoint/safetensors_writer.h"

namespace mobileclip {
namespace {

constexpr int kFlips = 10'000;

using test::Corruption;
using test::flip;
using test::raw;
using test::Reader;

/// A small file: three blocks of data, tensors of two types.
std::string written(std::map<std::string, std::string> metadata) {
  std::string out;
  metadata["variant"] = "mobileclip_s0";
  SafetensorsWriter writer(&out, std::move(metadata),
                           {{"wide", DType::kFloat32, {4, 100, 320}},
                            {"bias", DType::kFloat32, {100}},
                            {"narrow", DType::kFloat16, {30'000}}});
  CounterRng rng(1, 2, 3, 4);
  std::vector<float> wide(128'000), bias(100);
  for (float& value : wide) value = static_cast<float>(rng.uniform(-1, 1));
  for (float& value : bias) value = static_cast<float>(rng.uniform(-1, 1));
  std::vector<uint16_t> narrow(30'000);
  for (uint16_t& value : narrow) value = static_cast<uint16_t>(rng.below(0x7C00));
  writer.write(std::as_bytes(std::span(wide)));
  writer.write(std::as_bytes(std::span(bias)));
  writer.write(std::as_bytes(std::span(narrow)));
  writer.finish();
  return out;
}

/// In inference form, with checksums.
std::string good_file() {
  return written({{"format", "mobileclip"}, {"format_version", "2"}, {"form", "inference"}});
}

/// As others write it: without checksums.
std::string plain_file() { return written({{"format", "pt"}}); }

/// Header and data apart.
struct Parts {
  std::string header, data;
  std::string join() const { return test::le(header.size(), 8) + header + data; }

  void replace(const std::string& from, const std::string& to) {
    const size_t at = header.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    header.replace(at, from.size(), to);
  }
  /// Makes all checksums right again, if it has any: what is then refused is refused for another
  /// reason.
  void seal() {
    if (header.find("header_crc32") == std::string::npos) return;
    std::vector<uint32_t> blocks;
    for (size_t at = 0; at < data.size(); at += own_format::kBlock) {
      const size_t count = std::min<size_t>(own_format::kBlock, data.size() - at);
      blocks.push_back(libdeflate_crc32(0, data.data() + at, count));
    }
    own_format::fill_checksums(header, blocks);
  }
};

Parts split(const std::string& file) {
  uint64_t size = 0;
  std::memcpy(&size, file.data(), sizeof size);
  return {file.substr(8, size), file.substr(8 + size)};
}

/// Header and data are bent, then sealed.
Corruption sealed(const std::string& name, const std::function<void(Parts&, CounterRng&)>& bend) {
  return {name, [bend](std::string& file, CounterRng& rng) {
            Parts parts = split(file);
            bend(parts, rng);
            parts.seal();
            file = parts.join();
          }};
}

Corruption header(const std::string& name, const std::string& from, const std::string& to) {
  return sealed(name, [from, to](Parts& parts, CounterRng&) { parts.replace(from, to); });
}

/// The header is bent and the checksums are not made right again.
Corruption unsealed(const std::string& name, const std::string& from, const std::string& to) {
  return {name, [from, to](std::string& file, CounterRng&) {
            Parts parts = split(file);
            parts.replace(from, to);
            file = parts.join();
          }};
}

size_t data_start(const std::string& file) { return file.size() - split(file).data.size(); }

/// Overwrites one element of `bytes` bytes in [first, end) of the data.
Corruption element(const std::string& name, size_t first, size_t end, const std::string& value) {
  return sealed(name, [=](Parts& parts, CounterRng& rng) {
    const size_t count = (end - first) / value.size();
    parts.data.replace(first + rng.below(count) * value.size(), value.size(), value);
  });
}

std::vector<Corruption> damaged_files() {
  return {
      raw("empty", [](std::string& f, CounterRng&) { f.clear(); }),
      raw("one_byte", [](std::string& f, CounterRng&) { f.resize(1); }),
      raw("length_only", [](std::string& f, CounterRng&) { f.resize(8); }),
      raw("cut_in_header",
          [](std::string& f, CounterRng& r) { f.resize(9 + r.below(data_start(f) - 9)); }),
      raw("cut_in_data",
          [](std::string& f, CounterRng& r) {
            const size_t start = data_start(f);
            f.resize(start + r.below(f.size() - start));
          }),
      raw("cut_last_byte", [](std::string& f, CounterRng&) { f.pop_back(); }),
      raw("byte_appended",
          [](std::string& f, CounterRng& r) { f += static_cast<char>(r.below(256)); }),
      raw("page_appended",
          [](std::string& f, CounterRng& r) { f.append(4096, static_cast<char>(r.below(256))); }),
      raw("byte_inserted",
          [](std::string& f, CounterRng& r) { f.insert(data_start(f) + r.below(1000), 1, 'x'); }),
      raw("byte_removed",
          [](std::string& f, CounterRng& r) { f.erase(data_start(f) + r.below(1000), 1); }),
      raw("bit_in_length", [](std::string& f, CounterRng& r) { flip(f, 0, 8, r); }),
      raw("header_twice",
          [](std::string& f, CounterRng&) { f.insert(0, f.substr(0, data_start(f))); }),
      raw("length_of_everything",
          [](std::string& f, CounterRng&) { f.replace(0, 8, test::le(UINT64_MAX, 8)); }),
      raw("length_zero", [](std::string& f, CounterRng&) { f.replace(0, 8, test::le(0, 8)); }),
      raw("length_short",
          [](std::string& f, CounterRng& r) { f.replace(0, 8, test::le(1 + r.below(300), 8)); }),
      sealed("tensor_cut",
             [](Parts& p, CounterRng& r) { p.data.resize(572'400 - 1 - r.below(900)); }),
      sealed("data_after_the_last",
             [](Parts& p, CounterRng& r) { p.data.append(1 + r.below(900), 'x'); }),
  };
}

std::vector<Corruption> damaged_headers() {
  const std::string deep = R"("wide":{"dtype":{"a":{}},"shape")";
  return {
      header("overlap", R"([512000,512400])", R"([511996,512396])"),
      header("hole", R"([512000,512400])", R"([512004,512404])"),
      header("offsets_reversed", R"([512000,512400])", R"([512400,512000])"),
      header("offsets_outside", R"([512400,572400])", R"([512400,972400])"),
      header("offsets_of_three", R"([512000,512400])", R"([512000,512400,1])"),
      header("offsets_negative", R"([512000,512400])", R"([-512000,512400])"),
      header("offsets_fraction", R"([512000,512400])", R"([512000.5,512400])"),
      header("offsets_wrap", R"([512000,512400])", R"([18446744073709551612,400])"),
      header("shape_other", R"("shape":[100])", R"("shape":[99])"),
      header("shape_overflow", R"("shape":[100])", R"("shape":[4294967296,4294967296,16])"),
      header("shape_deep", R"("shape":[100])", R"("shape":[1,1,1,1,1,1,1,1,100])"),
      header("shape_word", R"("shape":[100])", R"("shape":"100")"),
      header("dtype_wider", R"("dtype":"F16")", R"("dtype":"F32")"),
      header("dtype_unknown", R"("dtype":"F16")", R"("dtype":"F17")"),
      header("dtype_number", R"("dtype":"F16")", R"("dtype":16)"),
      header("shape_negative", R"("shape":[100])", R"("shape":[-100])"),
      header("offsets_missing", R"(,"data_offsets":[512000,512400])", ""),
      header("dtype_missing", R"("dtype":"F16",)", ""),
      header("dtype_deep", R"("wide":{"dtype":"F32","shape")", deep),
      header("tensor_twice", R"("narrow")", R"("wide")"),
      header("key_twice", R"("variant":)", R"("variant":"x","variant":)"),
      header("name_endless", R"("narrow")", "\"" + std::string(5000, 'n') + "\""),
      header("metadata_number", R"("variant":"mobileclip_s0")", R"("variant":5)"),
      header("metadata_object", R"("variant":"mobileclip_s0")", R"("variant":{})"),
      header("not_utf8", "mobileclip_s0", "mobileclip\xff"),
  };
}

/// What a plain file has nothing to be compared with for; its weights are looked at when they are
/// used.
std::vector<Corruption> damaged_data_of_our_own() {
  constexpr size_t kBlock = own_format::kBlock;
  return {
      raw("bit_in_header", [](std::string& f, CounterRng& r) { flip(f, 8, data_start(f), r); }),
      raw("bit_in_data",
          [](std::string& f, CounterRng& r) { flip(f, data_start(f), f.size(), r); }),
      raw("page_of_zeros",
          [](std::string& f, CounterRng& r) {
            const size_t at = data_start(f) + 4096 * r.below(100);
            f.replace(at, 4096, std::string(4096, '\0'));
          }),
      raw("noise",
          [](std::string& f, CounterRng& r) {
            const size_t at = data_start(f) + r.below(400'000);
            for (size_t i = 0; i < 64; ++i)
              f[at + i] = static_cast<char>(f[at + i] + 1 + r.below(9));
          }),
      raw("blocks_swapped",
          [](std::string& f, CounterRng&) {
            const size_t start = data_start(f);
            const std::string first = f.substr(start, kBlock);
            f.replace(start, kBlock, f.substr(start + kBlock, kBlock));
            f.replace(start + kBlock, kBlock, first);
          }),
      raw("page_repeated",
          [](std::string& f, CounterRng& r) {
            const size_t at = data_start(f) + 4096 * r.below(50);
            f.replace(at + 4096, 4096, f.substr(at, 4096));
          }),
      element("nan", 0, 512'000, test::le(0x7FC00000, 4)),
      element("infinity", 0, 512'000, test::le(0xFF800000, 4)),
      element("nan_in_the_small_tensor", 512'000, 512'400, test::le(0x7F800001, 4)),
      element("half_nan", 512'400, 572'400, test::le(0x7E00, 2)),
      element("half_infinity", 512'400, 572'400, test::le(0xFC00, 2)),
  };
}

std::vector<Corruption> damaged_headers_of_our_own() {
  return {
      header("version_zero", R"("format_version":"2")", R"("format_version":"0")"),
      header("version_negative", R"("format_version":"2")", R"("format_version":"-2")"),
      header("version_word", R"("format_version":"2")", R"("format_version":"two")"),
      header("version_empty", R"("format_version":"2")", R"("format_version":"")"),
      header("version_huge", R"("format_version":"2")", R"("format_version":"99999999999999")"),
      header("version_newer", R"("format_version":"2")", R"("format_version":"3")"),
      header("version_missing", R"("format_version":"2",)", ""),
      unsealed("format_renamed", R"("format":"mobileclip")", R"("format":"mobileclop")"),
      unsealed("form_renamed", R"("form":"inference")", R"("form":"inferenza")"),
      unsealed("variant_renamed", "mobileclip_s0", "mobileclip_s1"),
      unsealed("tensor_renamed", R"("bias":{)", R"("bios":{)"),
      unsealed("header_checksum_missing", R"("header_crc32")", R"("headed_crc32")"),
      unsealed("header_checksum_other", R"("header_crc32":")", R"("header_crc32":"0)"),
      unsealed("block_checksum_missing", R"("block_crc32")", R"("black_crc32")"),
      unsealed("block_checksum_long", R"("block_crc32":")", R"("block_crc32":"00000000)"),
      unsealed("pad_changed", "}  ", "} \t"),
  };
}

std::vector<Corruption> together(std::initializer_list<std::vector<Corruption>> lists) {
  std::vector<Corruption> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

class Corruptions : public testing::TestWithParam<Reader> {};

TEST_P(Corruptions, OfOurOwnFormAreRefused) {
  test::expect_every_one_refused(
      good_file(),
      together({damaged_files(), damaged_headers(), damaged_data_of_our_own(),
                damaged_headers_of_our_own()}),
      GetParam());
}

TEST_P(Corruptions, OfPlainSafetensorsAreRefused) {
  test::expect_every_one_refused(plain_file(), together({damaged_files(), damaged_headers()}),
                                 GetParam());
}

INSTANTIATE_TEST_SUITE_P(Readers, Corruptions, testing::ValuesIn(test::kReaders), test::name_of);

TEST(OwnFormat, ANewerVersionIsNamed) {
  Parts parts = split(good_file());
  parts.replace(R"("format_version":"2")", R"("format_version":"3")");
  parts.seal();
  const std::optional<Error> error = test::refusal(parts.join());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kUnsupported);
  EXPECT_NE(error->message().find("format_version 3"), std::string::npos) << error->message();
}

TEST(BitFlips, OfOurOwnFormAreAllNoticed) {
  std::string file = good_file();
  const size_t start = data_start(file);
  CounterRng rng(5, 0, 0, 0);
  int noticed = 0;
  for (int i = 0; i < kFlips; ++i) {
    // Half of them in the header, which is far smaller than the data.
    const size_t bit = i % 2 == 0 ? rng.below(start * 8) : rng.below(file.size() * 8);
    const auto turn = [&] { file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8)); };
    turn();
    noticed += test::refusal(file) ? 1 : 0;
    turn();
  }
  EXPECT_EQ(noticed, kFlips);
  EXPECT_FALSE(test::refusal(file));
  RecordProperty("noticed", noticed);
}

TEST(BitFlips, OfTensorsInATorchFileAreAllNoticed) {
  std::string file;
  TorchWriter writer(&file, {{"a", DType::kFloat32, {64, 3, 3, 3}},
                             {"b", DType::kFloat16, {50'000}},
                             {"c", DType::kInt64, {}}});
  CounterRng rng(6, 0, 0, 0);
  for (const size_t bytes : {64 * 27 * 4, 100'000, 8}) {
    std::string tensor(bytes, '\0');
    for (char& byte : tensor) byte = static_cast<char>(rng.below(256));
    writer.write(std::as_bytes(std::span(tensor)));
  }
  writer.finish();
  const Checkpoint checkpoint =
      Checkpoint::parse(MappedFile::view(std::as_bytes(std::span(file))), "flipped");
  ThreadPool pool(1);
  ASSERT_NO_THROW(checkpoint.verify(pool));
  int noticed = 0;
  for (int i = 0; i < kFlips; ++i) {
    const TensorEntry& tensor = checkpoint.tensors()[static_cast<size_t>(i) % 3];
    const auto start = static_cast<size_t>(tensor.storage.data() -
                                           reinterpret_cast<const std::byte*>(file.data()));
    const size_t bit = start * 8 + rng.below(tensor.storage.size() * 8);
    const auto turn = [&] { file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8)); };
    turn();
    try {
      checkpoint.verify(pool);
    } catch (const Error& error) {
      noticed += error.code() == ErrorCode::kDamaged ? 1 : 0;
    }
    turn();
  }
  EXPECT_EQ(noticed, kFlips);
  ASSERT_NO_THROW(checkpoint.verify(pool));
}

}  // namespace
}  // namespace mobileclip
