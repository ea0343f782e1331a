/// Sums of batch-normalised branches over channel planes (N × C × H × W), for training: the few
/// passes over memory that they need, one channel at a time.
#ifndef MOBILECLIP_KERNELS_NORM_TRAIN_H_
#define MOBILECLIP_KERNELS_NORM_TRAIN_H_

#include <cstddef>

namespace mobileclip::kernels {

constexpr size_t kMaxBranches = 4;

/// Where one channel lies: `images` planes of `plane` floats, `stride` floats apart.
struct ChannelPlanes {
  size_t images = 0, plane = 0, stride = 0;
};

/// Σ x and Σ x² of a channel.
struct PlaneSums {
  double sum = 0, squares = 0;
};
PlaneSums plane_sums(const ChannelPlanes& at, const float* x);

/// y = f(Σ_i scale[i] · x[i] + shift), f = GELU or the identity; x[i] and y point at the channel.
void combine_planes(const ChannelPlanes& at, size_t branches, const float* const* x,
                    const float* scale, float shift, bool gelu, float* y);

/// dz = dy · f'(Σ_i scale[i] · x[i] + shift); sums[0] = Σ dz, sums[1 + i] = Σ dz · x[i].
void combine_gradient(const ChannelPlanes& at, size_t branches, const float* const* x,
                      const float* scale, float shift, bool gelu, const float* dy, float* dz,
                      double* sums);

/// dx = a · dz + p · x + q.
void branch_gradient(const ChannelPlanes& at, const float* dz, const float* x, float a, float p,
                     float q, float* dx);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_NORM_TRAIN_H_
