#include "layers/dense_conv.h"

namespace mobileclip {
namespace {

constexpr size_t kBandPositions = 128;

}  // namespace

DenseConv::DenseConv(Foundry& foundry, const std::string& path, const ConvShape& shape,
                     size_t stride, size_t padding, kernels::Activation activation,
                     const FoldConv& fold)
    : weights_(pack_dense(foundry, path, shape, fold)),
      in_(shape.in),
      kernel_(shape.kh),
      stride_(stride),
      padding_(padding),
      activation_(activation) {}

void DenseConv::forward(const RunContext& context, const float* in, size_t n, size_t height,
                        size_t width, float* out) const {
  const kernels::ConvGeometry geometry{height, width, in_, kernel_, stride_, padding_};
  const size_t out_width = geometry.out_width();
  const size_t positions = geometry.out_height() * out_width;
  const size_t columns = geometry.columns();
  const Bands bands =
      plan_bands(n, geometry.out_height(), out_width, kBandPositions, context.pool.threads());
  context.pool.parallel_for(bands.tasks, [&](size_t task, int worker) {
    const Bands::Band band = bands.at(task);
    const size_t begin = band.begin * out_width;
    const size_t end = band.end * out_width;
    float* patches = context.workspace.scratch(worker, bands.rows * out_width * columns);
    kernels::im2col(in + band.item * height * width * in_, geometry, begin, end, patches);
    kernels::gemm(patches, columns, end - begin, weights_,
                  out + (band.item * positions + begin) * weights_.n(), weights_.n(),
                  {.activation = activation_});
  });
}

}  // namespace mobileclip
