/// Runs the program and keeps what it said.
#ifndef MOBILECLIP_TESTS_CLI_PROGRAM_H_
#define MOBILECLIP_TESTS_CLI_PROGRAM_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mobileclip::test {

struct Outcome {
  int exit_code = -1;  ///< −1 if it died of a signal
  std::string out, err;
  std::vector<nlohmann::json> json_lines() const;
};

struct Invocation {
  std::vector<std::string> arguments;
  std::string input = {};
  std::vector<std::string> environment = {};  ///< "NAME=value", added to a bare PATH
  std::string shell_prefix = {};  ///< run in a shell before the program, e.g. "ulimit -n 32;"
  std::string shell_suffix = {};  ///< after it, e.g. ">/dev/full"
};

/// An empty HOME unless the environment gives one.
Outcome run(const Invocation& what);

/// A new empty folder that lives until the process ends.
std::string fresh_folder();
void write_file(const std::string& path, const std::string& bytes);
std::string read_file(const std::string& path);
bool exists(const std::string& path);

inline const std::string kModel = MOBILECLIP_SYNTHETIC_DIR "/mobileclip_s0.pt";
inline const std::string kPhoto = MOBILECLIP_EXAMPLES "/chelsea.png";

}  // namespace mobileclip::test

#endif  // MOBILECLIP_TESTS_CLI_PROGRAM_H_
