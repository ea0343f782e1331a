#include "reparam/mobileone.h"

#include <fmt/format.h>

#include <vector>

namespace mobileclip {

MobileOneWeights MobileOneWeights::read(const Scope& scope, const ConvShape& shape,
                                        const MobileOneBranches& branches) {
  MobileOneWeights out;
  out.shape = shape;
  out.path = scope.path();
  if (branches.skip) out.skip = BatchNormWeights::read(scope / "rbr_skip", shape.out);
  if (branches.conv) out.conv = ConvBnWeights::read(scope / "rbr_conv" / 0, shape);
  if (branches.scale) {
    out.scale = ConvBnWeights::read(scope / "rbr_scale", {shape.out, shape.in, 1, 1});
  }
  return out;
}

FoldedConv fold(const MobileOneWeights& weights) {
  FoldedConv out{weights.shape, std::vector<double>(weights.shape.size(), 0.0),
                 std::vector<double>(weights.shape.out, 0.0)};
  if (weights.conv) add_centred(out, fold(*weights.conv));
  if (weights.scale) add_centred(out, fold(*weights.scale));
  if (weights.skip) add_centred(out, identity_conv(weights.shape, fold(*weights.skip)));
  return out;
}

std::string describe_fold(const MobileOneWeights& weights) {
  std::vector<std::string> branches;
  if (weights.conv) branches.emplace_back("rbr_conv.0");
  if (weights.scale) branches.emplace_back("rbr_scale");
  if (weights.skip) branches.emplace_back("rbr_skip");
  return fmt::format("{}: {} -> conv {}x{}", weights.path, fmt::join(branches, " + "),
                     weights.shape.kh, weights.shape.kw);
}

}  // namespace mobileclip
