/// Where the weights of a model are.
#ifndef MOBILECLIP_CHECKPOINT_MODEL_FOLDER_H_
#define MOBILECLIP_CHECKPOINT_MODEL_FOLDER_H_

#include <string>
#include <string_view>

namespace mobileclip {

/// `path` itself unless it is a folder. In a folder: open_clip's weights by their usual names, a
/// safetensors index, else the only .safetensors, .bin or .pt; in a folder of the Hugging Face
/// cache (with `snapshots`) the same in its current snapshot. kNotFound if there are none,
/// kInvalidArgument if there are several.
std::string weights_of(const std::string& path);

/// The path of `name` in the folder that holds `path`.
std::string sibling_path(const std::string& path, std::string_view name);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_MODEL_FOLDER_H_
