/* classify_c IMAGE LABEL...: the cosine of an image and each label, in C99. */
#include <mobileclip/mobileclip.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  mobileclip_model* model = NULL;
  if (argc < 3 || mobileclip_create_model("mobileclip_nano", NULL, &model) != MOBILECLIP_OK) {
    fprintf(stderr, "classify_c IMAGE LABEL...: %s\n", mobileclip_last_error(NULL));
    return 1;
  }
  const mobileclip_image image = {.file = argv[1]};
  const size_t n = (size_t)argc - 2, dim = mobileclip_embed_dim(model);
  const char* const* labels = (const char* const*)argv + 2;
  float *rows = malloc((n + 1) * dim * sizeof *rows), *texts = rows + dim;
  int failed = rows == NULL ||
               mobileclip_encode_image(model, &image, 1, 1, rows, dim, NULL) != MOBILECLIP_OK ||
               mobileclip_encode_text(model, labels, n, 1, texts, n * dim) != MOBILECLIP_OK;
  if (failed) fprintf(stderr, "classify_c: %s\n", mobileclip_last_error(model));
  for (size_t i = 0; !failed && i < n; ++i) {
    double cosine = 0;
    for (size_t d = 0; d < dim; ++d) cosine += (double)rows[d] * texts[i * dim + d];
    printf("%.4f  %s\n", cosine, labels[i]);
  }
  free(rows);
  mobileclip_free_model(model);
  return failed;
}
