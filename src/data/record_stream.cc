#include "data/record_stream.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/counter_rng.h"
#include "base/error.h"

namespace mobileclip {
namespace {

constexpr uint64_t kOrderDraw = hash_name("stream.order");
constexpr uint64_t kPickDraw = hash_name("stream.pick");

uint64_t memory_of(const Record& record) {
  uint64_t bytes = sizeof(Record) + record.image.size() + 512;
  if (record.reinforcement) {
    const Reinforcement& r = *record.reinforcement;
    bytes += 4 * (r.image.values.size() + r.text.values.size());
    for (const auto& [key, matrix] : r.synthetic) bytes += 4 * matrix.values.size();
  }
  return bytes;
}

}  // namespace

RecordStream::RecordStream(StreamOptions options) : options_(std::move(options)) {
  if (options_.shards.empty()) fail(ErrorCode::kInvalidArgument, "there are no shards to read");
  cache_.resize(options_.shards.size());
  start_epoch(0);
}

RecordStream::~RecordStream() = default;

void RecordStream::start_epoch(uint64_t epoch) {
  cursor_ = {epoch, 0};
  order_.resize(options_.shards.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  CounterRng rng(options_.seed, epoch, 0, kOrderDraw);
  for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[rng.below(i)]);
  next_shard_ = 0;
  buffer_.clear();
}

std::shared_ptr<const RecordStream::Shard> RecordStream::load(size_t shard) {
  if (cache_[shard]) return cache_[shard];
  const std::string& path = options_.shards[shard];
  ShardReader reader(path);
  auto out = std::make_shared<Shard>();
  uint64_t bad = 0, bytes = 0;
  while (std::optional<Sample> sample = reader.next()) {
    try {
      Record record = parse_record(*sample);
      if (record.image.empty()) fail(ErrorCode::kDamaged, "no image");
      bytes += memory_of(record);
      out->push_back(std::make_shared<const Record>(std::move(record)));
    } catch (const Error& error) {
      ++bad;
      const std::string& text = error.message();
      const size_t colon = text.find(": ");  // without the record's name
      ++skipped_[colon == std::string::npos ? text : text.substr(colon + 2)];
    }
  }
  for (const auto& [why, count] : reader.report().skipped) skipped_[why] += count;
  if (reader.report().truncated) ++skipped_["a shard that is cut short"];
  const double rate = static_cast<double>(bad) / static_cast<double>(bad + out->size() + 1);
  if (rate > options_.max_failure_rate) {
    fail(ErrorCode::kDamaged, "{}: {} of {} records cannot be read: {}", path, bad,
         bad + out->size(), skipped_.begin()->first);
  }
  if (cached_ + bytes <= options_.cache_bytes) {
    cached_ += bytes;
    cache_[shard] = out;
  }
  return out;
}

void RecordStream::fill() {
  while (buffer_.size() < std::max<size_t>(1, options_.shuffle_buffer) &&
         next_shard_ < order_.size()) {
    const std::shared_ptr<const Shard> shard = load(order_[next_shard_++]);
    buffer_.insert(buffer_.end(), shard->begin(), shard->end());
  }
}

StreamItem RecordStream::next() {
  fill();
  for (int epochs = 0; buffer_.empty(); ++epochs) {
    if (epochs == 2) fail(ErrorCode::kDamaged, "the shards hold no readable record");
    start_epoch(cursor_.epoch + 1);
    fill();
  }
  CounterRng rng(options_.seed, cursor_.epoch, cursor_.index, kPickDraw);
  const size_t pick = rng.below(buffer_.size());
  std::swap(buffer_[pick], buffer_.back());
  StreamItem item{std::move(buffer_.back()), cursor_.epoch};
  buffer_.pop_back();
  ++cursor_.index;
  return item;
}

void RecordStream::seek(const StreamCursor& cursor) {
  start_epoch(cursor.epoch);
  while (cursor_.index < cursor.index && cursor_.epoch == cursor.epoch) next();
}

}  // namespace mobileclip
