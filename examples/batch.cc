// batch IMAGE...: threads of the caller share one model; each embeds every fourth image.
#include <cstdio>
#include <mobileclip/mobileclip.hpp>
#include <thread>

int main(int argc, char** argv) try {
  // One thread in the model: each caller computes by itself, side by side with the others.
  const auto model = mobileclip::create_model("mobileclip_nano", {.threads = 1});
  std::vector<mobileclip::Embeddings> rows(argc);
  std::vector<std::thread> callers;
  for (int first = 1; first <= 4; ++first) {
    callers.emplace_back([&, first] {
      for (int i = first; i < argc; i += 4) {
        rows[i] = model.encode_image(std::vector<mobileclip::Image>{argv[i]}, true);
      }
    });
  }
  for (auto& caller : callers) caller.join();
  for (int i = 1; i < argc; ++i) {
    const bool ok = rows[i].ok(0);
    std::printf("%s: %s\n", argv[i], ok ? "embedded" : rows[i].errors[0]->what());
  }
} catch (const mobileclip::Error& error) {
  std::fprintf(stderr, "batch: %s\n", error.what());
  return 1;
}
