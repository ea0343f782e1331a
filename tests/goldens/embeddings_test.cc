// Embeddings, probabilities and every part's output against the float64 reference.
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "base/mapped_file.h"
#include "engine/measure.h"
#include "engine/session.h"
#include "engine/work.h"
#include "golden.h"
#include "kernels/isa.h"
#include "model/clip.h"
#include "probe.h"

namespace mobileclip {
namespace {

constexpr double kTolerance = 2e-6;

class Embeddings : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    golden_ = golden::load(GetParam());
    model_ = Model::load(golden::checkpoint_path(GetParam()), {}, pool_);
    session_ = std::make_unique<Session>(model_, pool_);
    dim_ = static_cast<size_t>(model_->config().embed_dim);
  }

  std::vector<float> encode_image(const std::string& name) {
    std::vector<float> out(dim_);
    if (name == "chelsea.png") {
      const auto file = MappedFile::open(MOBILECLIP_EXAMPLES "/chelsea.png");
      const RgbImage crop = load_crop(file->bytes(), model_->preprocess());
      session_->encode_crops({&crop, 1}, out.data());
    } else {
      const int k = name.back() - '0';
      session_->encode_pixels_chw(golden::noise_image(k, model_->config()), 1, out.data());
    }
    return out;
  }

  ThreadPool pool_{2};
  nlohmann::json golden_;
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Session> session_;
  size_t dim_ = 0;
};

TEST_P(Embeddings, EqualTheReference) {
  EXPECT_EQ(model_->config().name, GetParam());
  EXPECT_NEAR(model_->logit_scale(), golden_.at("logit_scale_exp").get<double>(), 1e-4);
  std::vector<float> texts;
  for (const auto& [name, text] : golden_.at("texts").items()) {
    std::vector<float> out(dim_);
    session_->encode_tokens(golden::token_row(text, model_->config()), 1, out.data());
    const double error =
        golden::relative_error(out.data(), text.at("embedding").get<std::vector<double>>());
    EXPECT_LE(error, kTolerance) << "text " << name;
    RecordProperty("text_" + name, std::to_string(error));
  }
  // nlohmann sorts the keys; the golden's softmax columns are in the order of the reference's list.
  for (const char* name : {"empty", "a_photo_of_a_cat", "a_diagram", "full_77"}) {
    std::vector<float> out(dim_);
    session_->encode_tokens(golden::token_row(golden_["texts"][name], model_->config()), 1,
                            out.data());
    texts.insert(texts.end(), out.begin(), out.end());
  }
  normalize_rows(texts.data(), 4, dim_);
  size_t row = 0;
  for (const char* name : {"noise_0", "noise_1", "chelsea.png"}) {
    std::vector<float> out = encode_image(name);
    const double error = golden::relative_error(
        out.data(), golden_["images"][name]["embedding"].get<std::vector<double>>());
    EXPECT_LE(error, kTolerance) << "image " << name;
    RecordProperty("image_" + std::string(name), std::to_string(error));
    normalize_rows(out.data(), 1, dim_);
    const std::vector<double> probabilities = zero_shot_probabilities(out, texts, dim_);
    const auto expected = golden_["softmax_100x"][row++].get<std::vector<double>>();
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(probabilities[i], expected[i], 2e-5) << name << " label " << i;
    }
  }
}

TEST_P(Embeddings, ThePartsWhoseWorkIsKnownAreThoseThatRun) {
  for (const Tower tower : {Tower::kImage, Tower::kText}) {
    const int context = model_->config().text.context;
    const auto work = tower == Tower::kImage ? image_work(model_->config())
                                             : text_work(model_->config(), context);
    const auto parts = measure_parts(model_, pool_, {tower, 1, context, 1});
    ASSERT_EQ(parts.size(), work.size()) << tower_name(tower);
    for (size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(parts[i].name, work[i].name);
  }
}

TEST_P(Embeddings, EveryPartEqualsItsProbe) {
  Workspace workspace(pool_.threads());
  const RunContext context{pool_, workspace};
  const auto& probes = golden_.at("probes_first_item");
  size_t seen = 0;
  const auto prober = [&](const std::string& tower) {
    return [&, tower](std::string_view part, const Features& f) {
      const std::string name = tower + "." + std::string(part);
      if (!probes.contains(name)) return;
      ++seen;
      golden::check_probe(probes.at(name), name, f, tower == "text");
    };
  };
  const std::vector<float> chw = golden::noise_image(0, model_->config());
  const size_t plane = chw.size() / 3;
  std::vector<float> hwc(chw.size());
  for (size_t i = 0; i < chw.size(); ++i) hwc[i % plane * 3 + i / plane] = chw[i];
  std::vector<float> out(dim_);
  model_->clip().image()->encode(context, hwc.data(), 1, out.data(), prober("image"));
  const auto row = golden::token_row(golden_["texts"]["empty"], model_->config());
  model_->clip().text()->encode(context, row.data(), 1, out.data(), prober("text"));
  // The final norms run on the chosen position only, so their whole-sequence probes have no twin
  // here.
  size_t expected = 0;
  for (const auto& [name, probe] : probes.items()) {
    if (name.find("norm") == std::string::npos) ++expected;
  }
  EXPECT_EQ(seen, expected);
}

// Without a probe only what reaches the chosen position is computed.
TEST_P(Embeddings, TextsHaveTheSameBitsWithAndWithoutTheirOtherPositions) {
  Workspace workspace(pool_.threads());
  const RunContext context{pool_, workspace};
  std::vector<int32_t> ids;
  size_t n = 0;
  for (const auto& [name, text] : golden_.at("texts").items()) {
    const auto row = golden::token_row(text, model_->config());
    ids.insert(ids.end(), row.begin(), row.end());
    ++n;
  }
  // Rows chosen near both ends, whose neighbourhood is cut short.
  const auto tokens = static_cast<size_t>(model_->config().text.context);
  for (const size_t chosen : {size_t{0}, size_t{1}, size_t{4}, tokens - 7, tokens - 1}) {
    std::vector<int32_t> row(tokens, 320);
    row[chosen] = 49407;
    ids.insert(ids.end(), row.begin(), row.end());
    ++n;
  }
  std::vector<float> all(n * dim_), chosen(n * dim_);
  const TextEncoder& text = *model_->clip().text();
  text.encode(context, ids.data(), n, all.data(), [](std::string_view, const Features&) {});
  text.encode(context, ids.data(), n, chosen.data(), nullptr);
  EXPECT_EQ(std::memcmp(all.data(), chosen.data(), all.size() * sizeof(float)), 0);
}

INSTANTIATE_TEST_SUITE_P(Variants, Embeddings,
                         testing::Values("mobileclip_s0", "mobileclip_s1", "mobileclip_s2",
                                         "mobileclip_b"),
                         [](const auto& variant) { return std::string(variant.param); });

}  // namespace
}  // namespace mobileclip
