#include "checkpoint/pickle_reader.h"

#include <gtest/gtest.h>

#include "checkpoint/pickle_globals.h"
#include "checkpoint/test_support.h"

namespace mobileclip {
namespace {

using test::le;
using test::PickleBuilder;

std::optional<Error> refusal(const std::string& pickle) {
  return test::refusal(test::torch_file(pickle, {std::string(48, '\0')}));
}

TEST(Pickle, ForbiddenOpcodesAreNamedWithTheirOffset) {
  // INST OBJ NEWOBJ NEWOBJ_EX EXT1 EXT2 EXT4 PERSID BINBYTES… BYTEARRAY8 NEXT_BUFFER
  // READONLY_BUFFER FROZENSET ADDITEMS EMPTY_SET POP POP_MARK DUP INT LONG STRING FLOAT UNICODE PUT
  // GET LIST DICT PROTO
  const std::string opcodes =
      "io\x81\x92\x82\x83\x84PBC\x8e\x96\x97\x98\x91\x90\x8f"
      "012IL"
      "SFVpg"
      "ld\x80\x8b"
      "T\x8d";
  for (const char op : opcodes) {
    const auto error = refusal(PickleBuilder().raw(std::string(1, op)).raw("\n\n\n").stop());
    ASSERT_TRUE(error) << int{op};
    EXPECT_EQ(error->code(), ErrorCode::kHostile) << int{op} << error->message();
    EXPECT_NE(error->message().find(fmt::format("0x{:02x}", static_cast<uint8_t>(op))),
              std::string::npos)
        << error->message();
    EXPECT_NE(error->message().find("byte"), std::string::npos);
  }
}

TEST(Pickle, Protocol4OpcodesAreOnlyForProtocol4) {
  for (const char op : {'\x93', '\x94', '\x95'}) {
    EXPECT_TRUE(refusal(PickleBuilder(2).raw(std::string(1, op) + std::string(8, '\0')).stop()));
  }
  EXPECT_FALSE(refusal(PickleBuilder(4).raw("}\x94").stop()));
  EXPECT_EQ(refusal(PickleBuilder(5).raw("}").stop())->code(), ErrorCode::kUnsupported);
}

TEST(Pickle, ForbiddenGlobalsAreNamedAndNothingRuns) {
  const std::pair<const char*, const char*> globals[] = {
      {"os", "system"},
      {"posix", "system"},
      {"nt", "system"},
      {"builtins", "eval"},
      {"builtins", "exec"},
      {"builtins", "getattr"},
      {"builtins", "__import__"},
      {"__builtin__", "eval"},
      {"subprocess", "Popen"},
      {"sys", "exit"},
      {"shutil", "rmtree"},
      {"socket", "socket"},
      {"webbrowser", "open"},
      {"torch", "load"},
      {"torch.hub", "load"},
      {"torch", "ComplexFloatStorage"},
      {"torch", "QInt8Storage"},
      {"torch._utils", "_rebuild_sparse_tensor"},
      {"torch._utils", "_rebuild_qtensor"},
      {"torch._utils", "_rebuild_wrapper_subclass"},
      {"torch._tensor", "_rebuild_from_type_v2"},
      {"torch.nn.modules.linear", "Linear"},
      {"numpy.core.multiarray", "_reconstruct"},
      {"copyreg", "_reconstructor"},
      {"functools", "partial"},
      {"operator", "attrgetter"},
      {"collections", "OrderedDict.x"},
      {"collections ", "OrderedDict"},
      {"Collections", "OrderedDict"}};
  for (const auto& [module, name] : globals) {
    for (const bool stacked : {false, true}) {
      PickleBuilder pickle(stacked ? 4 : 2);
      if (stacked) {
        pickle.text(module).text(name).raw("\x93");
      } else {
        pickle.global(module, name);
      }
      const auto error = refusal(pickle.text("echo").raw("\x85R").stop());
      ASSERT_TRUE(error) << module << "." << name;
      EXPECT_EQ(error->code(), ErrorCode::kHostile);
      EXPECT_NE(error->message().find(std::string(module) + "." + name), std::string::npos);
    }
  }
}

TEST(Pickle, MisuseOfAllowedThingsIsRefused) {
  const std::string dict = "ccollections\nOrderedDict\n";
  const std::string cases[] = {
      PickleBuilder().raw("R").stop(),    // nothing to call
      PickleBuilder().raw("}}R").stop(),  // calls a dictionary
      PickleBuilder().global("torch", "FloatStorage").raw(")R").stop(),
      PickleBuilder().global("torch", "float32").raw(")R").stop(),
      PickleBuilder().raw(dict + "}R").stop(),  // arguments are no tuple
      PickleBuilder()
          .raw("K\x01K\x02"
               "a")
          .stop(),  // appends to a number
      PickleBuilder()
          .raw("}K\x01"
               "a")
          .stop(),                                 // appends to a dictionary
      PickleBuilder().raw("]K\x01K\x02s").stop(),  // sets an item of a list
      PickleBuilder().raw("}NK\x02s").stop(),      // a key that is None
      PickleBuilder().raw("}(K\x01u").stop(),      // a key without a value
      PickleBuilder()
          .raw("]q\x01h\x01"
               "a")
          .stop(),  // a list in itself
      PickleBuilder().raw("}q\x01").text("k").raw("h\x01s").stop(),
      PickleBuilder().raw("]}b").stop(),  // state for a list
      PickleBuilder()
          .raw("}K\x01"
               "b")
          .stop(),                          // state that is no dictionary
      PickleBuilder().raw("h\x05").stop(),  // a memo never stored
      PickleBuilder().raw("e").stop(),      // no mark
      PickleBuilder().raw("t").stop(),
      PickleBuilder().raw("").stop(),                            // an empty stack
      PickleBuilder().raw("}}").stop(),                          // two values
      PickleBuilder().raw("(}").stop(),                          // a mark left over
      PickleBuilder().raw("}").stop() + "x",                     // bytes after STOP
      PickleBuilder().raw("}").raw("X\xff\xff\xff\x7f").stop(),  // a string of 2 GiB
      PickleBuilder().raw("\x8a\x0b" + std::string(11, '\1')).stop(),
      PickleBuilder().raw("Q").stop(),
      PickleBuilder()
          .raw("(")
          .text("module")
          .global("torch", "FloatStorage")
          .text("0")
          .text("cpu")
          .number(1)
          .raw("tQ")
          .stop(),
      PickleBuilder(4).raw("\x95" + le(1u << 30, 8)).raw("}").stop(),
      PickleBuilder(1).raw("}").stop(),
      PickleBuilder(6).raw("}").stop(),
      "}" + PickleBuilder().stop(),
  };
  for (const std::string& pickle : cases) {
    const auto error = refusal(pickle);
    ASSERT_TRUE(error) << pickle;
    EXPECT_TRUE(error->code() == ErrorCode::kHostile || error->code() == ErrorCode::kDamaged)
        << error->message();
  }
}

TEST(Pickle, NestingSharingAndHugeMemosStayBounded) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "]";
  for (int i = 1; i < 100'000; ++i) deep += "a";
  EXPECT_EQ(refusal(PickleBuilder().raw(deep).stop())->code(), ErrorCode::kHostile);
  // Each level holds the one below twice: 2^40 ways to the bottom.
  PickleBuilder shared;
  shared.raw("]r").raw(le(0, 4));
  for (uint64_t i = 1; i < 40; ++i) {
    shared.raw("j" + le(i - 1, 4) + "\x86r" + le(i, 4));
  }
  EXPECT_EQ(refusal(shared.stop())->code(), ErrorCode::kHostile);
  // A memo slot of four billion sizes no array.
  EXPECT_FALSE(refusal(PickleBuilder().raw("}r" + le(4'000'000'000, 4)).stop()));
}

TEST(Pickle, SmallFilesCannotAskForMuchMemory) {
  // The same long key, the same long tuple, or a value a byte, over and over.
  PickleBuilder key;
  key.raw("(").text("storage").global("torch", "FloatStorage").text(std::string(1 << 20, 'k'));
  key.text("cpu").number(1).raw("tq").raw(std::string(1, '\0'));
  key.raw("Q");
  EXPECT_EQ(refusal(key.stop())->code(), ErrorCode::kHostile);
  PickleBuilder tuple;
  tuple.raw("(" + std::string(100'000, 'N') + "t\x85q").raw(std::string(1, '\0'));
  for (int i = 0; i < 1000; ++i) {
    tuple.global("torch", "Size").raw("h").raw(std::string(1, '\0')).raw("R");
  }
  EXPECT_NE(refusal(tuple.stop())->message().find("copies more"), std::string::npos);
  EXPECT_NE(
      refusal(PickleBuilder().raw(std::string(600'000, 'N')).stop())->message().find("values"),
      std::string::npos);
}

TEST(Pickle, InertGlobalsNeverBecomeTensors) {
  PickleBuilder pickle;
  pickle.raw("}(");
  pickle.text("args").global("argparse", "Namespace").raw(")R}b");
  pickle.text("count").global("collections", "Counter").raw(")R").text("a").raw("K\x01s");
  pickle.text("path").global("pathlib", "PosixPath").text("/x").raw("\x85R");
  pickle.text("state_dict").raw("}").text("w").tensor("0", 12, 0, {3, 4}, {4, 1}).raw("su");
  const Checkpoint checkpoint =
      test::parse(test::torch_file(pickle.stop(), {std::string(48, '\0')}));
  ASSERT_EQ(checkpoint.tensors().size(), 1u);
  EXPECT_EQ(checkpoint.tensors()[0].name, "state_dict.w");
}

TEST(Pickle, TensorsMustFitTheirStorage) {
  const uint64_t huge = uint64_t{1} << 62;
  struct Case {
    uint64_t count, offset;
    std::vector<uint64_t> shape, strides;
    bool good;
  };
  const Case cases[] = {
      {12, 0, {3, 4}, {4, 1}, true},
      {12, 0, {4, 3}, {1, 4}, true},   // transposed
      {12, 2, {10}, {1}, true},        // a part
      {12, 0, {1000}, {0}, true},      // expanded
      {12, 11, {}, {}, true},          // a scalar
      {12, 50, {0, 5}, {5, 1}, true},  // empty: reads nothing
      {12, 0, {13}, {1}, false},
      {12, 1, {12}, {1}, false},
      {12, 12, {}, {}, false},
      {12, 0, {2, 2}, {11, 2}, false},
      {12, 0, {3, 4}, {4}, false},
      {11, 0, {11}, {1}, false},  // the storage has 12
      {13, 0, {1}, {1}, false},
      {12, 0, {huge, 8}, {0, 0}, false},  // the count wraps
      {12, 0, {4194305, 4194305, 211106198978564}, {0, 0, 0}, false},
      {12, 0, {2}, {huge * 2}, false},
      {12, 0, {5, 5}, {huge, huge}, false},
      {12, huge * 2, {1}, {1}, false},
      {huge, 0, {1}, {1}, false},
      {uint64_t{1} << 40, 0, {uint64_t{1} << 40}, {1}, false},
      {12, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, false},
      {12, 0, {uint64_t(-1)}, {1}, false},
  };
  for (const Case& c : cases) {
    PickleBuilder pickle;
    pickle.raw("}").text("w").tensor("0", c.count, c.offset, c.shape, c.strides).raw("s");
    const auto error = refusal(pickle.stop());
    EXPECT_EQ(!error, c.good) << shape_string(c.shape) << " " << (error ? error->message() : "");
  }
}

TEST(Pickle, StorageKeysAndDictionaryKeysMustAgree) {
  PickleBuilder twice;
  twice.raw("}").text("w").number(1).raw("s").text("w").number(2).raw("s");
  EXPECT_TRUE(refusal(twice.stop()));
  PickleBuilder missing;
  missing.raw("}").text("w").tensor("7", 12, 0, {1}, {1}).raw("s");
  EXPECT_NE(refusal(missing.stop())->message().find("not in the file"), std::string::npos);
}

}  // namespace
}  // namespace mobileclip
