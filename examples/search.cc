// search TEXT IMAGE...: the images, best match first.
#include <algorithm>
#include <cstdio>
#include <mobileclip/mobileclip.hpp>

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: search TEXT IMAGE...\n");
    return 2;
  }
  const auto model = mobileclip::create_model("mobileclip_nano");
  const auto text = model.encode_text(argv[1], true);
  const auto images =
      model.encode_image(std::vector<mobileclip::Image>(argv + 2, argv + argc), true);

  std::vector<std::pair<double, const char*>> found;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (images.ok(i)) {
      found.emplace_back(mobileclip::dot(text[0], images[i]), argv[i + 2]);
    } else {
      std::fprintf(stderr, "search: %s\n", images.errors[i]->what());
    }
  }
  std::sort(found.rbegin(), found.rend());
  for (const auto& [cosine, name] : found) std::printf("%.4f  %s\n", cosine, name);
} catch (const mobileclip::Error& error) {
  std::fprintf(stderr, "search: %s\n", error.what());
  return 1;
}
