/// What mobileclip-train does.
#ifndef MOBILECLIP_TRAINCLI_TRAIN_COMMAND_H_
#define MOBILECLIP_TRAINCLI_TRAIN_COMMAND_H_

#include "cli/command.h"

namespace mobileclip::cli {

Command trainer_command();

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_TRAINCLI_TRAIN_COMMAND_H_
