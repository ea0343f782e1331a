/// The command line: one table of options per command.
///
/// Not CLI11: the contract has options that take every following word up to the next one beginning
/// with "--", among them the empty string and words with a single dash, and file names are raw
/// bytes.
#ifndef MOBILECLIP_CLI_ARGS_H_
#define MOBILECLIP_CLI_ARGS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mobileclip::cli {

/// A bad command line: exit code 2.
class UsageError {
 public:
  explicit UsageError(std::string message) : message_(std::move(message)) {}
  const std::string& message() const { return message_; }

 private:
  std::string message_;
};

enum class Arity {
  kFlag,
  kOne,   ///< one word; given twice, the last counts
  kEach,  ///< one word each time, all kept
  kMany,  ///< every following word up to one beginning with "--"
};

struct Option {
  std::string_view name;  ///< without dashes
  char letter;            ///< '\0' for none
  Arity arity;
  std::string_view value;  ///< what help calls it
  std::string_view help;
};

/// What was given. Positional words are in order.
class Arguments {
 public:
  bool has(std::string_view name) const { return values_.contains(name); }
  /// All words of an option; empty if it was not given.
  const std::vector<std::string>& all(std::string_view name) const;
  /// The last word, or `fallback`.
  std::string one(std::string_view name, std::string_view fallback = "") const;
  /// A whole number in [low, high]; UsageError otherwise.
  int number(std::string_view name, int fallback, int low, int high) const;
  const std::vector<std::string>& positional() const { return positional_; }

 private:
  friend class Parser;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> positional_;
};

/// Options of every command.
const std::vector<Option>& general_options();

/// Parses words against `options` and the general ones. UsageError for what fits none.
Arguments parse_arguments(const std::vector<std::string>& words,
                          const std::vector<Option>& options);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_ARGS_H_
