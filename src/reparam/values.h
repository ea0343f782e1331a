/// Stored tensors as doubles, refused when they are not finite.
#ifndef MOBILECLIP_REPARAM_VALUES_H_
#define MOBILECLIP_REPARAM_VALUES_H_

#include <vector>

#include "checkpoint/scope.h"

namespace mobileclip {

/// All elements, row-major. kDamaged for a NaN or infinity, naming the tensor and the element.
std::vector<double> load_values(const Weight& weight);

/// The same checks without the values; of a `running_var` also that none is negative. kDamaged.
void require_sound(const Weight& weight);

/// Where a float32 tensor lies in the file, or null if it must be converted; the same errors.
const float* finite_mapped_floats(const Weight& weight);

}  // namespace mobileclip

#endif  // MOBILECLIP_REPARAM_VALUES_H_
