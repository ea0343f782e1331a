/// MobileCLIP: image and text embeddings on a CPU. The C ABI: C99, opaque handle, caller's buffers.
///
/// Functions that can fail return a status and leave a sentence for mobileclip_last_error(). No
/// exception crosses, nothing prints or ends the process, a null pointer where there must be none
/// is MOBILECLIP_INVALID_ARGUMENT. All but mobileclip_free_model() may be called from any number of
/// threads at the same time, with the same model. In a child of fork() a model of more than one
/// thread is refused (MOBILECLIP_INVALID_ARGUMENT): its threads stayed behind. The same image or
/// text gives the same bits alone, anywhere in a batch, on any number of threads.
#ifndef MOBILECLIP_MOBILECLIP_H_
#define MOBILECLIP_MOBILECLIP_H_

#include <stddef.h>
#include <stdint.h>

#include "mobileclip/export.h"
#include "mobileclip/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/// 1 to 13 are the C++ API's ErrorCode. Later versions may add values.
typedef enum mobileclip_status {
  MOBILECLIP_OK = 0,
  MOBILECLIP_INVALID_ARGUMENT = 1,
  MOBILECLIP_NOT_FOUND = 2,
  MOBILECLIP_IO = 3,
  MOBILECLIP_NO_SPACE = 4,
  MOBILECLIP_DECODE = 5, /* bytes that are no image, or a damaged one */
  MOBILECLIP_UNSUPPORTED = 6,
  MOBILECLIP_NOT_A_CHECKPOINT = 7,
  MOBILECLIP_WRONG_MODEL = 8,
  MOBILECLIP_DAMAGED = 9, /* a checkpoint that is truncated, corrupt or not finite */
  MOBILECLIP_HOSTILE = 10,
  MOBILECLIP_TOO_LARGE = 11,
  MOBILECLIP_NON_FINITE = 12, /* an embedding that is NaN or infinite, or has norm 0 */
  MOBILECLIP_INTERNAL = 13,
  MOBILECLIP_OUT_OF_MEMORY = 14,
  MOBILECLIP_SOME_FAILED = 15 /* the other items are done: see each one's status */
} mobileclip_status;

/// A loaded model, its preprocessing and its tokenizer.
typedef struct mobileclip_model mobileclip_model;

/// Zero and NULL stand for the defaults. struct_size is sizeof(mobileclip_options): later versions
/// may append fields; a program built before they were there does without them.
typedef struct mobileclip_options {
  size_t struct_size;
  int32_t threads;  /* of the model, shared by its callers; 1: each caller computes by itself */
  int32_t batch;    /* items that go through the network at a time; default 8, at most 1024 */
  const char* arch; /* variant, where the file cannot tell: mobileclip_b or mobileclip_blt */
  /* SentencePiece model of networks that read texts with one (SigLIP); NULL: spiece.model,
     sentencepiece.model or tokenizer.model beside the weights */
  const char* tokenizer;
  /* "f32", or "bf16": factors rounded to bfloat16, sums in float32, where the instruction set is
     amx (elsewhere MOBILECLIP_UNSUPPORTED); NULL: f32 */
  const char* precision;
} mobileclip_options;

/// An image: exactly one of file, bytes and rgb is set, everything else that it does not need is
/// zero: {.file = "cat.jpg"}. It is only read during a call.
typedef struct mobileclip_image {
  const char* file;
  const void* bytes; /* an encoded image of `size` bytes: JPEG, PNG, WebP, GIF, TIFF, BMP, PNM */
  size_t size;
  const uint8_t* rgb; /* 8-bit RGB, `height` rows of 3 × width bytes, `stride` bytes apart */
  size_t width, height;
  size_t stride; /* 0: 3 × width */
} mobileclip_image;

/// "0.1.0" of the library in use; MOBILECLIP_VERSION is that of the header.
MOBILECLIP_API const char* mobileclip_version(void);
/// "decode", "not_found", …; "unknown" for another number.
MOBILECLIP_API const char* mobileclip_status_name(mobileclip_status status);

/// Loads a checkpoint: a file; or a name in $MOBILECLIP_HOME, or the embedded model's
/// ("mobileclip_nano"); NULL or "" for $MOBILECLIP_MODEL and else the embedded model. The first
/// call takes the instruction set of $MOBILECLIP_ISA, if that is set. options may be NULL. *out is
/// NULL unless MOBILECLIP_OK; free it with mobileclip_free_model().
MOBILECLIP_API mobileclip_status mobileclip_create_model(const char* file_or_name,
                                                         const mobileclip_options* options,
                                                         mobileclip_model** out);
/// NULL is allowed. No other call may use the model at that time or later.
MOBILECLIP_API void mobileclip_free_model(mobileclip_model* model);

/// The sentence of the last call with this model by this thread that failed, "" if none did; with
/// NULL: of the last call without a model (mobileclip_create_model, mobileclip_normalize). Valid
/// until the next call of that kind by this thread, or until the thread ends or frees the model.
MOBILECLIP_API const char* mobileclip_last_error(const mobileclip_model* model);
/// The sentence of item number `item` of the last mobileclip_encode_image() with this model by this
/// thread; "" if it did not fail, or the call failed as a whole. Valid as above.
MOBILECLIP_API const char* mobileclip_item_error(const mobileclip_model* model, size_t item);

/// The variant, "mobileclip_s0"; lives as long as the model. NULL gives "", and 0 below.
MOBILECLIP_API const char* mobileclip_model_name(const mobileclip_model* model);
MOBILECLIP_API size_t mobileclip_embed_dim(const mobileclip_model* model);
MOBILECLIP_API size_t mobileclip_image_size(const mobileclip_model* model);
MOBILECLIP_API size_t mobileclip_context_length(const mobileclip_model* model);
/// What multiplies cosines before a softmax: min(exp(logit_scale), 100) of the checkpoint; before a
/// sigmoid (see below) exp(logit_scale).
MOBILECLIP_API float mobileclip_logit_scale(const mobileclip_model* model);
/// 1 if the network judges labels one by one, each by a sigmoid (SigLIP): then *bias, unless bias
/// is NULL, is what it adds before that. 0, and *bias untouched, for all other networks and for
/// NULL.
MOBILECLIP_API int mobileclip_logit_bias(const mobileclip_model* model, float* bias);

/* Below, `out` takes n × embed_dim float32, row-major; out_size is how many values it has room for,
   too few are MOBILECLIP_INVALID_ARGUMENT. normalize != 0 scales rows to unit L2 norm. n may be 0.
 */

/// n images. One that fails does not fail its neighbours: its row is NaN, statuses[i] (n of them,
/// or NULL) tells why, and the call returns MOBILECLIP_SOME_FAILED; a lone one's own status if n
/// is 1.
MOBILECLIP_API mobileclip_status mobileclip_encode_image(const mobileclip_model* model,
                                                         const mobileclip_image* images, size_t n,
                                                         int normalize, float* out, size_t out_size,
                                                         mobileclip_status* statuses);
/// n × 3 × image_size × image_size values, as mobileclip_preprocess() gives them.
MOBILECLIP_API mobileclip_status mobileclip_encode_pixels(const mobileclip_model* model,
                                                          const float* pixels, size_t n,
                                                          int normalize, float* out,
                                                          size_t out_size);
/// n texts, UTF-8, ended by a zero byte; longer ones than the context are cut.
/// MOBILECLIP_NOT_FOUND if the network takes a SentencePiece model and none was given.
MOBILECLIP_API mobileclip_status mobileclip_encode_text(const mobileclip_model* model,
                                                        const char* const* texts, size_t n,
                                                        int normalize, float* out, size_t out_size);
/// n × context_length token ids, padded, as mobileclip_tokenize() gives them.
MOBILECLIP_API mobileclip_status mobileclip_encode_tokens(const mobileclip_model* model,
                                                          const int32_t* ids, size_t n,
                                                          int normalize, float* out,
                                                          size_t out_size);

/// One image to 3 × image_size × image_size float32 in `out`.
MOBILECLIP_API mobileclip_status mobileclip_preprocess(const mobileclip_model* model,
                                                       const mobileclip_image* image, float* out,
                                                       size_t out_size);
/// n texts to n × context_length int32 in `ids`. truncated (n of them, or NULL): 1 if it was cut.
MOBILECLIP_API mobileclip_status mobileclip_tokenize(const mobileclip_model* model,
                                                     const char* const* texts, size_t n,
                                                     int32_t* ids, size_t ids_size,
                                                     uint8_t* truncated);
/// For each of n images, what the network was trained to say of each of `labels` labels: a softmax
/// over them, or, where mobileclip_logit_bias() is 1, a sigmoid for each, which do not add up to 1.
/// Both inputs are normalised rows of embed_dim values; out takes n × labels float64, row-major,
/// out_size is how many it has room for.
MOBILECLIP_API mobileclip_status mobileclip_probabilities(const mobileclip_model* model,
                                                          const float* image_rows, size_t n,
                                                          const float* label_rows, size_t labels,
                                                          double* out, size_t out_size);
/// n rows of dim values to unit L2 norm, in place. MOBILECLIP_NON_FINITE if a row has no norm: it
/// is NaN then, the others are done.
MOBILECLIP_API mobileclip_status mobileclip_normalize(float* rows, size_t n, size_t dim);

#ifdef __cplusplus
}
#endif

#endif /* MOBILECLIP_MOBILECLIP_H_ */
