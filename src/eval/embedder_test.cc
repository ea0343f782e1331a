#include "eval/embedder.h"

#include <gtest/gtest.h>

#include "engine/recognise.h"

namespace mobileclip::eval {
namespace {

using kernels::Precision;

std::string identity(const ModelConfig& config, Precision precision = Precision::kFloat32) {
  return vector_identity("abc", config, precision);
}

TEST(VectorIdentity, NamesOfOneNetworkShareVectors) {
  EXPECT_EQ(identity(require_variant("MobileCLIP-S2")),
            identity(require_variant("MobileCLIP2-S2")));
}

TEST(VectorIdentity, WhatChangesAVectorChangesIt) {
  const ModelConfig& vit = require_variant("ViT-B-16");
  EXPECT_NE(identity(vit), vector_identity("abd", vit, Precision::kFloat32));
  EXPECT_NE(identity(vit), identity(vit, Precision::kBFloat16));
  // The same file fits both: only --arch tells.
  EXPECT_NE(identity(vit), identity(require_variant("ViT-B-16-quickgelu")));
  ModelConfig stated = vit;
  stated.resize = ResizeKind::kSquash;
  EXPECT_NE(identity(stated), identity(vit));
  stated = vit;
  stated.interpolation = InterpolationKind::kBilinear;
  EXPECT_NE(identity(stated), identity(vit));
  stated = vit;
  stated.std[1] = 0.5F;
  EXPECT_NE(identity(stated), identity(vit));
}

}  // namespace
}  // namespace mobileclip::eval
