#include "checkpoint/pickle_reader.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <unordered_map>
#include <utility>

#include "checkpoint/pickle_globals.h"
#include "checkpoint/pickle_reduce.h"

namespace mobileclip {
namespace {

using Kind = PickleValue::Kind;

constexpr uint64_t kMaxOpcodes = 10'000'000;
constexpr size_t kMaxMemo = 1'000'000;
constexpr size_t kMaxStack = 1'000'000;
constexpr size_t kMaxValues = 500'000;    // some 50 MB
constexpr uint64_t kMaxCopied = 1 << 22;  // items and bytes that calls copy from their arguments
constexpr size_t kMaxMarks = 1000;
constexpr uint64_t kMaxString = uint64_t{1} << 20;
constexpr uint64_t kMaxLong = 10;
constexpr size_t kMaxLine = 1000;

/// The opcodes that are understood; all others are refused.
enum Op : uint8_t {
  kMark = '(',
  kStop = '.',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kEmptyDict = '}',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kEmptyList = ']',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

/// The stack machine. Values live in the arena; stack and memo hold indices.
class Machine {
 public:
  Machine(ByteReader& reader, std::string_view what) : reader_(reader), what_(what) {}

  Pickle run() {
    if (reader_.u8() != kProto) damaged("does not begin with PROTO");
    protocol_ = reader_.u8();
    if (protocol_ == 5) {
      fail(ErrorCode::kUnsupported, "{}: pickle protocol 5 is not read, only 2, 3 and 4", what_);
    }
    if (protocol_ < 2 || protocol_ > 4) damaged(fmt::format("has protocol {}", protocol_));
    for (uint64_t count = 0; count < kMaxOpcodes; ++count) {
      offset_ = reader_.file_offset();
      const uint8_t op = reader_.u8();
      if (op == kStop) {
        if (stack_.size() != 1 || !marks_.empty()) damaged("stops with a stack of the wrong size");
        pickle_.root = stack_.back();
        return std::move(pickle_);
      }
      step(op);
      if (stack_.size() > kMaxStack || memo_.size() > kMaxMemo || marks_.size() > kMaxMarks) {
        hostile("needs more stack or memo than any checkpoint");
      }
    }
    hostile(fmt::format("has more than {} opcodes", kMaxOpcodes));
  }

 private:
  [[noreturn]] void damaged(std::string_view why) const {
    fail(ErrorCode::kDamaged, "{}: the pickle {} (byte {})", what_, why, offset_);
  }
  [[noreturn]] void hostile(std::string_view why) const {
    fail(ErrorCode::kHostile, "{}: the pickle {} (byte {})", what_, why, offset_);
  }

  void step(uint8_t op) {
    switch (op) {
      case kNone:
      case kNewTrue:
      case kNewFalse:
      case kBinInt:
      case kBinInt1:
      case kBinInt2:
      case kLong1:
      case kBinFloat:
        return push_number(op);
      case kShortBinString:
      case kShortBinUnicode:
        return push_string(reader_.u8());
      case kBinUnicode:
        return push_string(reader_.u32());
      case kMark:
        marks_.push_back(stack_.size());
        return;
      case kEmptyTuple:
        return push_new(Kind::kTuple, {});
      case kEmptyList:
        return push_new(Kind::kList, {});
      case kEmptyDict:
        return push_new(Kind::kDict, {});
      case kTuple:
        return push_new(Kind::kTuple, pop_to_mark());
      case kTuple1:
      case kTuple2:
      case kTuple3:
        return push_new(Kind::kTuple, pop_many(op - kTuple1 + size_t{1}));
      case kAppend:
        return append(pop_many(1));
      case kAppends:
        return append(pop_to_mark());
      case kSetItem:
        return set_items(pop_many(2));
      case kSetItems:
        return set_items(pop_to_mark());
      case kBinPut:
        return memoize(reader_.u8());
      case kLongBinPut:
        return memoize(reader_.u32());
      case kBinGet:
        return recall(reader_.u8());
      case kLongBinGet:
        return recall(reader_.u32());
      case kGlobal:
        return push_global_lines();
      case kBinPersId:
        return push(reduce_persistent_id(pickle_, pop(), context()));
      case kReduce:
        return reduce();
      case kBuild:
        return build();
      default:
        return step_protocol4(op);
    }
  }

  void step_protocol4(uint8_t op) {
    if (protocol_ >= 4 && op == kFrame) {
      if (reader_.u64() > reader_.left()) damaged("has a frame longer than the file");
      return;
    }
    if (protocol_ >= 4 && op == kMemoize) return memoize(static_cast<uint32_t>(memo_.size()));
    if (protocol_ >= 4 && op == kStackGlobal) {
      const std::string name = pop_string();
      const std::string module = pop_string();
      return push_global(module, name);
    }
    hostile(fmt::format("holds the forbidden opcode 0x{:02x}", op));
  }

  PickleContext context() const { return {what_, offset_}; }

  void push(PickleValue value) {
    if (pickle_.values.size() >= kMaxValues) {
      hostile(fmt::format("holds more than {} values", kMaxValues));
    }
    pickle_.values.push_back(std::move(value));
    stack_.push_back(static_cast<uint32_t>(pickle_.values.size() - 1));
  }
  void push_new(Kind kind, std::vector<uint32_t> items) {
    PickleValue value;
    value.kind = kind;
    value.items = std::move(items);
    push(std::move(value));
  }

  void push_number(uint8_t op) {
    PickleValue value;
    value.kind = Kind::kInt;
    switch (op) {
      case kNone:
        value.kind = Kind::kNone;
        break;
      case kNewTrue:
      case kNewFalse:
        value.kind = Kind::kBool;
        value.integer = op == kNewTrue ? 1 : 0;
        break;
      case kBinInt:
        value.integer = static_cast<int32_t>(reader_.u32());
        break;
      case kBinInt1:
        value.integer = reader_.u8();
        break;
      case kBinInt2:
        value.integer = reader_.u16();
        break;
      case kLong1:
        value.integer = read_long();
        break;
      default: {  // kBinFloat: big-endian
        uint64_t bits = 0;
        for (const std::byte byte : reader_.take(8)) {
          bits = bits << 8 | std::to_integer<uint64_t>(byte);
        }
        value.kind = Kind::kFloat;
        value.real = std::bit_cast<double>(bits);
      }
    }
    push(std::move(value));
  }

  /// A two's-complement number of up to 10 bytes; what does not fit 64 bits saturates (only the
  /// magic number of the legacy format is that long, and that is compared as bytes).
  int64_t read_long() {
    const uint8_t size = reader_.u8();
    if (size > kMaxLong) hostile(fmt::format("holds an integer of {} bytes", size));
    const Bytes raw = reader_.take(size);
    uint64_t value = 0;
    for (size_t i = std::min<size_t>(size, 8); i-- > 0;) {
      value = value << 8 | std::to_integer<uint64_t>(raw[i]);
    }
    const bool negative = size > 0 && std::to_integer<int>(raw[size - size_t{1}]) >= 0x80;
    if (size < 8 && size > 0 && negative) value |= ~uint64_t{0} << (8 * size);
    if (size <= 8) return std::bit_cast<int64_t>(value);
    return negative ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  }

  void push_string(uint64_t size) {
    if (size > kMaxString) hostile(fmt::format("holds a string of {} bytes", size));
    PickleValue value;
    value.kind = Kind::kString;
    value.text = as_text(reader_.take(size));
    push(std::move(value));
  }

  void push_global_lines() {
    const std::string module(reader_.line(kMaxLine));
    const std::string name(reader_.line(kMaxLine));
    push_global(module, name);
  }

  void push_global(const std::string& module, const std::string& name) {
    const auto allowed = find_global(module, name);
    if (!allowed) {
      fail(ErrorCode::kHostile,
           "{}: the pickle names {} (byte {}), which a state_dict never needs; nothing was run",
           what_, quote(module + "." + name), offset_);
    }
    PickleValue value;
    value.kind = Kind::kGlobal;
    value.global = allowed->global;
    value.dtype = allowed->dtype;
    push(std::move(value));
  }

  uint32_t pop() {
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) damaged("takes from an empty stack");
    const uint32_t top = stack_.back();
    stack_.pop_back();
    return top;
  }
  std::vector<uint32_t> pop_many(size_t count) {
    std::vector<uint32_t> out(count);
    for (size_t i = count; i-- > 0;) out[i] = pop();
    return out;
  }
  std::vector<uint32_t> pop_to_mark() {
    if (marks_.empty()) damaged("looks for a mark that is not there");
    const size_t mark = marks_.back();
    marks_.pop_back();
    std::vector<uint32_t> out(stack_.begin() + static_cast<ptrdiff_t>(mark), stack_.end());
    stack_.resize(mark);
    return out;
  }
  std::string pop_string() {
    const PickleValue& value = pickle_.at(pop());
    if (value.kind != Kind::kString) damaged("names a global by something that is no string");
    return value.text;
  }
  PickleValue& top() {
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) damaged("uses an empty stack");
    return pickle_.values[stack_.back()];
  }

  void append(const std::vector<uint32_t>& items) {
    PickleValue& list = top();
    if (list.kind != Kind::kList) hostile("appends to something that is no list");
    refuse_self(items);
    list.items.insert(list.items.end(), items.begin(), items.end());
  }

  void set_items(const std::vector<uint32_t>& items) {
    PickleValue& dict = top();
    if (dict.kind == Kind::kOpaqueDict) return;
    if (dict.kind != Kind::kDict) hostile("sets items of something that is no dictionary");
    if (items.size() % 2 != 0) damaged("sets a key without a value");
    for (size_t i = 0; i < items.size(); i += 2) {
      const Kind key = pickle_.at(items[i]).kind;
      if (key != Kind::kString && key != Kind::kInt) {
        hostile("has a dictionary key that is neither string nor integer");
      }
    }
    refuse_self(items);
    dict.items.insert(dict.items.end(), items.begin(), items.end());
  }

  /// A container inside itself; longer cycles are caught by the depth limit of those who walk.
  void refuse_self(const std::vector<uint32_t>& items) const {
    for (const uint32_t item : items) {
      if (item == stack_.back()) hostile("puts a container into itself");
    }
  }

  void memoize(uint32_t slot) {
    top();
    memo_[slot] = stack_.back();
  }
  void recall(uint32_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) damaged(fmt::format("recalls memo {} that was never stored", slot));
    stack_.push_back(found->second);
  }

  void reduce() {
    const uint32_t arguments = pop();
    const uint32_t callable = pop();
    PickleValue value = reduce_call(pickle_, callable, arguments, context());
    // A few bytes can ask for a copy of a long tuple, again and again.
    copied_ += value.items.size();
    if (copied_ > kMaxCopied) hostile("copies more than any checkpoint");
    push(std::move(value));
  }

  /// State is dropped: it may only be attached to what carries some in a real checkpoint.
  void build() {
    const PickleValue& state = pickle_.at(pop());
    const PickleValue& target = top();
    if (target.kind == Kind::kOpaque || target.kind == Kind::kOpaqueDict) return;
    const bool takes_state = target.kind == Kind::kDict || target.kind == Kind::kTensor;
    if (!takes_state || state.kind != Kind::kDict) {
      hostile("attaches state to something that carries none");
    }
  }

  ByteReader& reader_;
  std::string_view what_;
  uint8_t protocol_ = 0;
  uint64_t offset_ = 0;
  uint64_t copied_ = 0;
  Pickle pickle_;
  std::vector<uint32_t> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, uint32_t> memo_;
};

}  // namespace

Pickle read_pickle(ByteReader& reader, std::string_view what) {
  return Machine(reader, what).run();
}

}  // namespace mobileclip
