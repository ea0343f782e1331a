/// What a model is called: a file, a name in $MOBILECLIP_HOME, or the one that is embedded.
#ifndef MOBILECLIP_ENGINE_FIND_MODEL_H_
#define MOBILECLIP_ENGINE_FIND_MODEL_H_

#include <optional>
#include <string>

#include "checkpoint/checkpoint.h"

namespace mobileclip {

/// Where named models are: $MOBILECLIP_HOME, else .cache/mobileclip in $HOME; empty without either.
std::string models_folder();

/// The file that `file_or_name` means: itself if it is a file or looks like a path (has a '/' or a
/// '.'), else NAME.safetensors or NAME.pt in models_folder(); nothing if there is none.
std::optional<std::string> find_model_file(const std::string& file_or_name);

/// $MOBILECLIP_MODEL, else the name of the embedded model; empty without either.
std::string default_model();

/// Opens that file, or the embedded model by its name. Errors: kNotFound, telling where it was
/// looked for; those of Checkpoint::open().
Checkpoint open_model(const std::string& file_or_name);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_FIND_MODEL_H_
