// The bug that planted programs have.
#include "target.h"

namespace mobileclip::fuzz {

void probe(bool rare) { require(!rare, "the planted bug was reached"); }

}  // namespace mobileclip::fuzz
