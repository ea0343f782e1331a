/// The public classes carry the field's words, and so do the engine's: inside src/api the engine's
/// go by these names. The public ones live in the inline namespace v1, so the linker sees two.
#ifndef MOBILECLIP_API_ENGINE_NAMES_H_
#define MOBILECLIP_API_ENGINE_NAMES_H_

#ifdef MOBILECLIP_MOBILECLIP_HPP_
#error "include api/engine_names.h before mobileclip/mobileclip.hpp"
#endif

#include "engine/model.h"
#include "engine/session.h"
#include "text/tokenizer.h"

namespace mobileclip::api {

using EngineModel = mobileclip::Model;
using EngineSession = mobileclip::Session;
using EngineTokenizer = mobileclip::Tokenizer;
using EngineTokens = mobileclip::Tokens;

}  // namespace mobileclip::api

#endif  // MOBILECLIP_API_ENGINE_NAMES_H_
