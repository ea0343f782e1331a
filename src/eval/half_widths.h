/// How far a share may be from the truth for want of images.
#ifndef MOBILECLIP_EVAL_HALF_WIDTHS_H_
#define MOBILECLIP_EVAL_HALF_WIDTHS_H_

#include "eval/metrics.h"
#include "eval/scorers.h"

namespace mobileclip::eval {

/// Of the shares among `metrics` that were measured on a known number: half of the 95 % interval.
Metrics half_widths(const Metrics& metrics, const Outcome& outcome);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_HALF_WIDTHS_H_
