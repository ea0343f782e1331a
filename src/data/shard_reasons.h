/// Reasons in ShardReport::skipped that some readers take as an error.
#ifndef MOBILECLIP_DATA_SHARD_REASONS_H_
#define MOBILECLIP_DATA_SHARD_REASONS_H_

#include <string_view>

namespace mobileclip {

inline constexpr std::string_view kSkippedTwice = "a second member of one name";
inline constexpr std::string_view kSkippedTooLarge = "over 64 MiB";

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_SHARD_REASONS_H_
