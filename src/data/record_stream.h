/// An endless, reproducible order of the records of many shards.
#ifndef MOBILECLIP_DATA_RECORD_STREAM_H_
#define MOBILECLIP_DATA_RECORD_STREAM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/record.h"

namespace mobileclip {

struct StreamOptions {
  std::vector<std::string> shards;
  uint64_t seed = 0;
  size_t shuffle_buffer = 5000;              ///< records; more than there are: a full shuffle
  uint64_t cache_bytes = uint64_t{4} << 30;  ///< parsed shards kept for the next epoch
  double max_failure_rate = 0.05;            ///< of the records of a shard
};

/// A place in the stream.
struct StreamCursor {
  uint64_t epoch = 0;
  uint64_t index = 0;  ///< records already given in this epoch
};

struct StreamItem {
  std::shared_ptr<const Record> record;
  uint64_t epoch = 0;
};

/// Each epoch visits every shard once in an order drawn from (seed, epoch), through a shuffle
/// buffer: the order depends on nothing else. A record that cannot be read is skipped and counted
/// by reason; a missing shard, or too many bad records in one, is an Error. One thread at a time.
class RecordStream {
 public:
  explicit RecordStream(StreamOptions options);
  ~RecordStream();

  StreamItem next();
  StreamCursor cursor() const { return cursor_; }
  /// Goes to a place; costs reading, not decoding, what stands before it in its epoch.
  void seek(const StreamCursor& cursor);
  const std::map<std::string, uint64_t>& skipped() const { return skipped_; }

 private:
  using Shard = std::vector<std::shared_ptr<const Record>>;
  void start_epoch(uint64_t epoch);
  void fill();
  std::shared_ptr<const Shard> load(size_t shard);

  StreamOptions options_;
  StreamCursor cursor_;
  std::vector<size_t> order_;
  size_t next_shard_ = 0;
  std::vector<std::shared_ptr<const Record>> buffer_;
  std::vector<std::shared_ptr<const Shard>> cache_;
  uint64_t cached_ = 0;
  std::map<std::string, uint64_t> skipped_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_RECORD_STREAM_H_
