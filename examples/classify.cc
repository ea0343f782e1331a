// classify IMAGE LABEL...: how probable each label is, with the model inside the library.
#include <cstdio>
#include <mobileclip/mobileclip.hpp>

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: classify IMAGE LABEL...\n");
    return 2;
  }
  const auto [model, preprocess] = mobileclip::create_model_and_transforms("mobileclip_nano");
  const auto tokenizer = mobileclip::get_tokenizer("mobileclip_nano");
  const std::vector<std::string> labels(argv + 2, argv + argc);

  const auto image = model.encode_image(preprocess(argv[1]), true);
  const auto texts = model.encode_text(tokenizer(labels), true);
  const auto p = mobileclip::zero_shot_probabilities(image[0], texts, model.logit_scale());
  for (std::size_t i = 0; i < p.size(); ++i) {
    std::printf("%6.2f %%  %s\n", 100 * p[i], labels[i].c_str());
  }
} catch (const mobileclip::Error& error) {
  std::fprintf(stderr, "classify: %s\n", error.what());
  return 1;
}
