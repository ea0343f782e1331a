/// JSON text: strings of any bytes, numbers in shortest form.
#ifndef MOBILECLIP_CLI_JSON_H_
#define MOBILECLIP_CLI_JSON_H_

#include <string>
#include <string_view>

namespace mobileclip::cli {

/// A JSON string. A byte b that is not part of valid UTF-8 becomes the escape U+DC00+b.
std::string json_string(std::string_view bytes);
/// Shortest decimal that reads back as the same number; NaN and infinities as strings.
std::string json_number(double value);
std::string json_number(float value);

/// The string of a parsed line: a JSON string, or the "text" of an object. Escapes of lone
/// surrogates become U+FFFD. Throws Error(kInvalidArgument).
std::string text_of_json_line(std::string_view line);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_JSON_H_
