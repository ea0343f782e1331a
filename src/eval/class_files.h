/// Class names and prompt templates (spec §2.2).
#ifndef MOBILECLIP_EVAL_CLASS_FILES_H_
#define MOBILECLIP_EVAL_CLASS_FILES_H_

#include <string>
#include <string_view>
#include <vector>

namespace mobileclip::eval {

/// Lines ended by LF or CRLF, each without the white space around it. Empty lines stay; nothing is
/// made up after the last line end.
std::vector<std::string> class_lines(std::string_view text);

/// `name` in the place of every {c}; {{ and }} are braces. The name is not read again. Error
/// kInvalidArgument for another brace.
std::string fill_template(std::string_view text, std::string_view name);

/// The standard 1000 names and 80 templates of ImageNet (those of CLIP and open_clip).
const std::vector<std::string>& imagenet_names();
const std::vector<std::string>& imagenet_templates();

/// Lines "objective:text" of that objective, in order, without the objective. Error
/// kInvalidArgument for a line without a colon.
std::vector<std::string> lines_of_objective(const std::vector<std::string>& lines,
                                            std::string_view objective);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_CLASS_FILES_H_
