#include "target.h"

namespace mobileclip::fuzz {

void probe(bool) {}

}  // namespace mobileclip::fuzz
