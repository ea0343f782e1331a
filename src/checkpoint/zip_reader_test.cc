#include "checkpoint/zip_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "checkpoint/test_support.h"

namespace mobileclip {
namespace {

using test::ZipBuilder;

const std::string kEmptyDict = test::PickleBuilder().raw("}").stop();

/// A good archive whose one deviation the caller sets.
ZipBuilder good() {
  ZipBuilder zip;
  zip.add("m/data.pkl", kEmptyDict);
  zip.add("m/data/0", std::string(64, 'x'));
  zip.add("m/version", "3\n");
  return zip;
}

void expect_refused(const ZipBuilder& zip, const std::string& part) {
  const auto error = test::refusal(zip.build());
  ASSERT_TRUE(error) << part;
  EXPECT_NE(error->message().find(part), std::string::npos) << error->message();
  EXPECT_TRUE(error->code() == ErrorCode::kHostile || error->code() == ErrorCode::kDamaged);
}

TEST(Zip, AGoodOneIsAccepted) { EXPECT_FALSE(test::refusal(good().build())); }

TEST(Zip, DeviationsAreRefusedOneByOne) {
  const auto with = [](const auto& change, const std::string& part) {
    ZipBuilder zip = good();
    change(zip);
    expect_refused(zip, part);
  };
  with([](ZipBuilder& z) { z.entries[1].name = z.entries[1].local_name = "m/data.pkl"; }, "twice");
  with([](ZipBuilder& z) { z.entries[1].name = z.entries[1].local_name = "m/DATA.pkl"; }, "twice");
  with([](ZipBuilder& z) { z.entries[1].local_name = "m/data/1"; }, "differs from the directory");
  with([](ZipBuilder& z) { z.entries[1].method = 8; }, "compressed");
  with([](ZipBuilder& z) { z.entries[1].flags = z.entries[1].local_flags = 1; }, "encrypted");
  with([](ZipBuilder& z) { z.entries[1].flags = z.entries[1].local_flags = 0x40; }, "flags");
  with([](ZipBuilder& z) { z.entries[1].local_flags = 0; }, "differs");
  for (const char* name : {"m/../data", "/m/data", "m\\data", "..", ""}) {
    with([&](ZipBuilder& z) { z.entries[1].name = z.entries[1].local_name = name; }, "unsafe");
  }
  with(
      [](ZipBuilder& z) { z.entries[1].name = z.entries[1].local_name = std::string("m/a\0b", 5); },
      "unsafe");
  with([](ZipBuilder& z) { z.entries[1].name = z.entries[1].local_name = "n/data/0"; }, "outside");
  with([](ZipBuilder& z) { z.extra_entries = 1; }, "");
  with([](ZipBuilder& z) { z.offset_shift = 4; }, "");
  with([](ZipBuilder& z) { z.comment = "hello"; }, "");
  with([](ZipBuilder& z) { z.after = "tail"; }, "");
  with([](ZipBuilder& z) { z.entries[1].crc = 1; }, "CRC-32");
  with([](ZipBuilder& z) { z.entries[0].crc = 1; }, "CRC-32");
}

TEST(Zip, BytesBeforeTheFirstRecordAreRefused) {
  ZipBuilder zip = good();
  zip.before = std::string("PK\x03\x04", 4) + std::string(60, '\0');
  expect_refused(zip, "before the first");
}

TEST(Zip, MissingCrcIsAWarning) {
  ZipBuilder zip = good();
  zip.entries[1].crc = 0;
  const Checkpoint checkpoint = test::parse(zip.build());
  ASSERT_EQ(checkpoint.warnings().size(), 1u);
  EXPECT_NE(checkpoint.warnings()[0].find("carry no CRC-32"), std::string::npos);
}

TEST(Zip, TorchScriptAndOthersAreNamed) {
  for (const char* name : {"m/constants.pkl", "m/code/x.py"}) {
    ZipBuilder zip = good();
    zip.add(name, "x");
    const auto error = test::refusal(zip.build());
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::kUnsupported);
    EXPECT_NE(error->message().find("TorchScript"), std::string::npos);
    EXPECT_NE(error->message().find("open_clip_model.safetensors"), std::string::npos);
  }
  ZipBuilder no_pickle;
  no_pickle.add("m/version", "3\n");
  EXPECT_EQ(test::refusal(no_pickle.build())->code(), ErrorCode::kNotCheckpoint);
  ZipBuilder big = good();
  big.add("m/byteorder", "big");
  EXPECT_EQ(test::refusal(big.build())->code(), ErrorCode::kUnsupported);
  ZipBuilder version = good();
  version.entries[2].data = "11\n";
  EXPECT_EQ(test::refusal(version.build())->code(), ErrorCode::kUnsupported);
}

TEST(Zip, EveryTruncationIsRefused) {
  const std::string whole = test::read_fixture("plain_zip.pt");
  ASSERT_FALSE(test::refusal(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(test::refusal(whole.substr(0, size))) << size;
  }
  EXPECT_TRUE(test::refusal(whole + "x"));
}

TEST(Zip, TenThousandFlippedBitsOfTensorsAreAllDetected) {
  const std::string whole = test::read_fixture("plain_zip.pt");
  const Checkpoint checkpoint = test::parse(whole);
  // Where tensor bytes lie: of each record's span in the parsed copy.
  std::vector<size_t> places;
  const auto* base = checkpoint.file().bytes().data();
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    for (size_t i = 0; i < tensor.storage.size(); ++i) {
      places.push_back(static_cast<size_t>(tensor.storage.data() - base) + i);
    }
  }
  std::mt19937 generator(1);
  for (int flip = 0; flip < 10000; ++flip) {
    std::string damaged = whole;
    const size_t at = places[generator() % places.size()];
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << generator() % 8));
    const auto error = test::refusal(damaged);
    ASSERT_TRUE(error) << at;
    ASSERT_EQ(error->code(), ErrorCode::kDamaged);
  }
}

}  // namespace
}  // namespace mobileclip
