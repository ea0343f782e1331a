/// Results to standard output, messages to standard error; every write is checked.
#ifndef MOBILECLIP_CLI_OUTPUT_H_
#define MOBILECLIP_CLI_OUTPUT_H_

#include <string>
#include <string_view>

namespace mobileclip::cli {

/// Buffered standard output. A failed write throws an Error (kIo, kNoSpace).
class Output {
 public:
  void write(std::string_view text);
  void line(std::string_view text);
  void flush();

 private:
  std::string buffer_;
};

/// One line to standard error, begun with "mobileclip: ". Never fails.
void message(std::string_view text);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_OUTPUT_H_
