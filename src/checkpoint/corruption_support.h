/// Named corruptions of a file, each with many seeds, through every way to read one.
#ifndef MOBILECLIP_CHECKPOINT_CORRUPTION_SUPPORT_H_
#define MOBILECLIP_CHECKPOINT_CORRUPTION_SUPPORT_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/counter_rng.h"
#include "checkpoint/test_support.h"

namespace mobileclip::test {

/// Makes of a good file one that must be refused, another for every state of the generator.
using Bend = std::function<void(std::string& file, CounterRng& rng)>;

struct Corruption {
  std::string name;
  Bend bend;
};

/// The whole file is bent as it is.
inline Corruption raw(const std::string& name, const Bend& bend) { return {name, bend}; }

/// Turns one bit of the bytes [first, end).
inline void flip(std::string& bytes, size_t first, size_t end, CounterRng& rng) {
  const size_t bit = first * 8 + rng.below((end - first) * 8);
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
}

/// Three ways to get at the bytes of a file; each opens and verifies.
inline void through_mapping(const std::string& bytes, ThreadPool& pool) {
  const std::string path = testing::TempDir() + "/corrupt";
  std::ofstream(path, std::ios::binary) << bytes;
  Checkpoint::open(path).verify(pool);
}

inline void through_memory(const std::string& bytes, ThreadPool& pool) {
  parse(bytes).verify(pool);
}

/// A pipe cannot be mapped: it is read.
inline void through_reading(const std::string& bytes, ThreadPool& pool) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::thread writer([&] {
    for (size_t at = 0; at < bytes.size();) {
      const ssize_t n = ::write(ends[1], bytes.data() + at, bytes.size() - at);
      if (n <= 0) break;
      at += static_cast<size_t>(n);
    }
    ::close(ends[1]);
  });
  std::optional<Error> error;
  try {
    Checkpoint::open("/dev/fd/" + std::to_string(ends[0])).verify(pool);
  } catch (const Error& e) {
    error = e;
  }
  ::close(ends[0]);
  writer.join();
  if (error) throw Error(*error);
}

struct Reader {
  const char* name;
  void (*read)(const std::string& bytes, ThreadPool& pool);
};
constexpr Reader kReaders[] = {
    {"mmap", through_mapping}, {"read", through_reading}, {"memory", through_memory}};

inline std::string name_of(const testing::TestParamInfo<Reader>& reader) {
  return reader.param.name;
}

/// The good file passes; each of 40 corruptions or more, 20 times, ends in one sentence.
inline void expect_every_one_refused(const std::string& good, const std::vector<Corruption>& all,
                                     const Reader& reader) {
  constexpr uint64_t kSeeds = 20;
  ThreadPool pool(1);
  ASSERT_NO_THROW(reader.read(good, pool));
  EXPECT_GE(all.size(), 40U);
  for (const Corruption& corruption : all) {
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      CounterRng rng(seed, 0, hash_name(corruption.name), 0);
      std::string bent = good;
      corruption.bend(bent, rng);
      ASSERT_NE(bent, good) << corruption.name;
      try {
        reader.read(bent, pool);
        ADD_FAILURE() << corruption.name << " with seed " << seed << " was not noticed";
      } catch (const Error& error) {
        EXPECT_EQ(error.message().find('\n'), std::string::npos) << corruption.name;
        EXPECT_NE(error.code(), ErrorCode::kInternal) << corruption.name << error.message();
      }
    }
  }
}

}  // namespace mobileclip::test

#endif  // MOBILECLIP_CHECKPOINT_CORRUPTION_SUPPORT_H_
