// PyTorch's .pt under named corruptions: of its bytes, its zip and its pickle.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "checkpoint/corruption_support.h"

namespace mobileclip {
namespace {

using test::Corruption;
using test::flip;
using test::le;
using test::PickleBuilder;
using test::raw;
using test::Reader;
using test::ZipBuilder;

constexpr size_t kCounts[] = {1000, 500, 64};
constexpr size_t kEndSize = 22;

PickleBuilder tensor(const std::string& name, const std::string& key, uint64_t count,
                     uint64_t offset, const std::vector<uint64_t>& shape,
                     const std::vector<uint64_t>& strides) {
  PickleBuilder one(2);
  one.text(name).tensor(key, count, offset, shape, strides).raw("s");
  return one;
}

/// The opcodes of a builder without its protocol and STOP.
std::string body(const PickleBuilder& pickle) {
  const std::string whole = pickle.stop();
  return whole.substr(2, whole.size() - 3);
}

/// A dictionary of `a`, `b` and what the caller says in the place of `c`.
std::string pickle_with(const std::string& c) {
  return PickleBuilder()
      .raw("}")
      .raw(body(tensor("a", "0", 1000, 0, {10, 100}, {100, 1})))
      .raw(body(tensor("b", "1", 500, 0, {500}, {1})))
      .raw(c)
      .stop();
}

std::string good_pickle() { return pickle_with(body(tensor("c", "2", 64, 0, {8, 8}, {8, 1}))); }

ZipBuilder good_zip() {
  CounterRng rng(1, 2, 3, 5);
  ZipBuilder zip;
  zip.add("m/data.pkl", good_pickle());
  for (size_t i = 0; i < std::size(kCounts); ++i) {
    std::string bytes;
    for (size_t k = 0; k < kCounts[i]; ++k) {
      const auto value = static_cast<float>(rng.uniform(0.5, 1));
      bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    zip.add("m/data/" + std::to_string(i), bytes);
  }
  zip.add("m/version", "3\n");
  return zip;
}

/// The zip is made again with a deviation; its checksums are right.
Corruption zipped(const std::string& name,
                  const std::function<void(ZipBuilder& zip, CounterRng& rng)>& bend) {
  return {name, [bend](std::string& file, CounterRng& rng) {
            ZipBuilder zip = good_zip();
            bend(zip, rng);
            file = zip.build();
          }};
}

Corruption renamed(const std::string& name, const std::string& entry) {
  return zipped(name, [entry](ZipBuilder& z, CounterRng&) {
    z.entries[2].name = z.entries[2].local_name = entry;
  });
}

Corruption added(const std::string& name, const std::string& entry, const std::string& data) {
  return zipped(name, [entry, data](ZipBuilder& z, CounterRng&) { z.add(entry, data); });
}

/// The zip around another pickle.
Corruption pickled(const std::string& name,
                   const std::function<std::string(CounterRng& rng)>& pickle) {
  return zipped(name,
                [pickle](ZipBuilder& z, CounterRng& rng) { z.entries[0].data = pickle(rng); });
}

Corruption third(const std::string& name, const std::string& c) {
  return pickled(name, [c](CounterRng&) { return pickle_with(c); });
}

/// Where the bytes of entry `index` lie in the good file.
std::pair<size_t, size_t> place_of(const std::string& file, size_t index) {
  const std::string data = good_zip().entries[index].data;
  const size_t at = file.find(data);
  return {at, at + data.size()};
}

std::vector<Corruption> damaged_bytes() {
  return {
      raw("empty", [](std::string& f, CounterRng&) { f.clear(); }),
      raw("one_byte", [](std::string& f, CounterRng&) { f.resize(1); }),
      raw("signature_only", [](std::string& f, CounterRng&) { f.resize(4); }),
      raw("cut", [](std::string& f, CounterRng& r) { f.resize(r.below(f.size())); }),
      raw("cut_last_byte", [](std::string& f, CounterRng&) { f.pop_back(); }),
      raw("cut_in_the_end",
          [](std::string& f, CounterRng& r) { f.resize(f.size() - 1 - r.below(kEndSize)); }),
      raw("byte_appended",
          [](std::string& f, CounterRng& r) { f += static_cast<char>(r.below(256)); }),
      raw("page_appended",
          [](std::string& f, CounterRng& r) { f.append(4096, static_cast<char>(r.below(256))); }),
      raw("byte_in_front",
          [](std::string& f, CounterRng& r) { f.insert(0, 1, static_cast<char>(r.below(256))); }),
      raw("byte_inserted",
          [](std::string& f, CounterRng& r) { f.insert(4 + r.below(f.size() - 4), 1, '\xA5'); }),
      raw("byte_removed", [](std::string& f, CounterRng& r) { f.erase(r.below(f.size()), 1); }),
      raw("file_twice", [](std::string& f, CounterRng&) { f += f; }),
      raw("end_twice", [](std::string& f, CounterRng&) { f += f.substr(f.size() - kEndSize); }),
      raw("bit_in_a_tensor",
          [](std::string& f, CounterRng& r) {
            const auto [first, end] = place_of(f, 1 + r.below(3));
            flip(f, first, end, r);
          }),
      raw("bit_in_the_pickle",
          [](std::string& f, CounterRng& r) {
            const auto [first, end] = place_of(f, 0);
            flip(f, first, end, r);
          }),
      raw("bit_in_the_first_signature", [](std::string& f, CounterRng& r) { flip(f, 0, 4, r); }),
      raw("bit_in_the_end",
          [](std::string& f, CounterRng& r) { flip(f, f.size() - kEndSize, f.size(), r); }),
      raw("noise",
          [](std::string& f, CounterRng& r) {
            const auto [first, end] = place_of(f, 1);
            const size_t at = first + r.below(end - first - 64);
            for (size_t i = 0; i < 64; ++i) {
              f[at + i] = static_cast<char>(f[at + i] + 1 + r.below(9));
            }
          }),
      raw("zeros",
          [](std::string& f, CounterRng& r) {
            const auto [first, end] = place_of(f, 1);
            f.replace(first + r.below(end - first - 512), 512, std::string(512, '\0'));
          }),
      raw("elements_swapped",
          [](std::string& f, CounterRng& r) {
            const size_t at = place_of(f, 1).first + r.below(900) * 4;
            std::swap_ranges(f.begin() + static_cast<ptrdiff_t>(at),
                             f.begin() + static_cast<ptrdiff_t>(at + 4),
                             f.begin() + static_cast<ptrdiff_t>(at + 40));
          }),
  };
}

std::vector<Corruption> damaged_zips() {
  return {
      renamed("name_twice", "m/data.pkl"),
      renamed("name_twice_in_capitals", "m/DATA.pkl"),
      renamed("name_upwards", "m/../data/1"),
      renamed("name_absolute", "/m/data/1"),
      renamed("name_backslash", "m\\data\\1"),
      renamed("name_empty", ""),
      renamed("name_with_zero", std::string("m/data/1\0x", 10)),
      renamed("name_outside", "n/data/1"),
      renamed("name_of_no_storage", "m/data/7"),
      zipped("local_name_other",
             [](ZipBuilder& z, CounterRng&) { z.entries[2].local_name = "m/data/9"; }),
      zipped("compressed",
             [](ZipBuilder& z, CounterRng& r) {
               z.entries[r.below(5)].method = static_cast<uint16_t>(1 + r.below(100));
             }),
      zipped("encrypted",
             [](ZipBuilder& z, CounterRng& r) {
               auto& entry = z.entries[r.below(5)];
               entry.flags = entry.local_flags = 0x0801;
             }),
      zipped("flags_differ",
             [](ZipBuilder& z, CounterRng& r) { z.entries[r.below(5)].local_flags = 0; }),
      zipped("checksum_other",
             [](ZipBuilder& z, CounterRng& r) {
               z.entries[r.below(5)].crc = static_cast<uint32_t>(1 + r.below(1'000'000));
             }),
      zipped("entries_more",
             [](ZipBuilder& z, CounterRng& r) { z.extra_entries = 1 + r.below(60'000); }),
      zipped("offsets_shifted",
             [](ZipBuilder& z, CounterRng& r) { z.offset_shift = 1 + r.below(1'000'000); }),
      zipped("comment",
             [](ZipBuilder& z, CounterRng& r) { z.comment = std::string(1 + r.below(99), 'c'); }),
      zipped("record_hidden_in_front",
             [](ZipBuilder& z, CounterRng& r) {
               z.before = std::string("PK\x03\x04", 4) + std::string(30 + r.below(99), '\0');
             }),
      zipped("storage_missing",
             [](ZipBuilder& z, CounterRng& r) {
               z.entries.erase(z.entries.begin() + 1 + static_cast<ptrdiff_t>(r.below(3)));
             }),
      zipped("storage_short",
             [](ZipBuilder& z, CounterRng& r) {
               std::string& data = z.entries[1 + r.below(3)].data;
               data.resize(r.below(data.size()));
             }),
      zipped("pickle_missing",
             [](ZipBuilder& z, CounterRng&) { z.entries.erase(z.entries.begin()); }),
      zipped("version_of_tomorrow",
             [](ZipBuilder& z, CounterRng& r) {
               z.entries[4].data = std::to_string(11 + r.below(1000)) + "\n";
             }),
      added("big_endian", "m/byteorder", "big"),
      added("program", "m/code/x.py", "x"),
      added("constants", "m/constants.pkl", "x"),
  };
}

std::vector<Corruption> damaged_pickles() {
  const auto c = [](uint64_t count, uint64_t offset, const std::vector<uint64_t>& shape,
                    const std::vector<uint64_t>& strides) {
    return body(tensor("c", "2", count, offset, shape, strides));
  };
  const std::string good = c(64, 0, {8, 8}, {8, 1});
  return {
      third("count_too_large", c(65, 0, {8, 8}, {8, 1})),
      third("count_huge", c(uint64_t{1} << 62, 0, {8, 8}, {8, 1})),
      third("offset_outside", c(64, 1, {8, 8}, {8, 1})),
      third("offset_wraps", c(64, uint64_t(-8), {8, 8}, {8, 1})),
      third("shape_outside", c(64, 0, {8, 9}, {8, 1})),
      third("shape_overflows", c(64, 0, {uint64_t{1} << 32, uint64_t{1} << 32}, {8, 1})),
      third("stride_outside", c(64, 0, {8, 8}, {9, 1})),
      third("strides_missing", c(64, 0, {8, 8}, {1})),
      third("key_of_no_storage", body(tensor("c", "5", 64, 0, {8, 8}, {8, 1}))),
      third("key_upwards", body(tensor("c", "../2", 64, 0, {8, 8}, {8, 1}))),
      third("name_twice", body(tensor("a", "2", 64, 0, {8, 8}, {8, 1}))),
      third("runs_a_program", body(PickleBuilder().text("c").global("os", "system")) + "s" + good),
      third("calls_eval", body(PickleBuilder().global("builtins", "eval")) + "0" + good),
      third("unknown_opcode", "\xFE" + good),
      third("mark_left_over", good + "("),
      third("memo_never_stored", good + "h\x63"),
      third("endless_string", good + "X\xFF\xFF\xFF\x7F"),
      third("nested_without_end", std::string(100'000, ']') + good),
      pickled("cut",
              [](CounterRng& r) {
                const std::string whole = good_pickle();
                return whole.substr(0, r.below(whole.size()));
              }),
      pickled("bytes_after_its_end",
              [](CounterRng& r) { return good_pickle() + std::string(1 + r.below(99), 'x'); }),
      pickled("protocol_other",
              [](CounterRng& r) {
                std::string pickle = good_pickle();
                pickle[1] = static_cast<char>(5 + r.below(200));
                return pickle;
              }),
  };
}

class TorchCorruptions : public testing::TestWithParam<Reader> {};

TEST_P(TorchCorruptions, AreRefused) {
  std::vector<Corruption> all = damaged_bytes();
  for (const auto& more : {damaged_zips(), damaged_pickles()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  test::expect_every_one_refused(good_zip().build(), all, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Readers, TorchCorruptions, testing::ValuesIn(test::kReaders),
                         test::name_of);

}  // namespace
}  // namespace mobileclip
