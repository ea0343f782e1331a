"""The numbers are the program's, whatever way an image or a text comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator

import numpy as np
import PIL.Image
import pytest

import mobileclip
from support import PICTURES, ROOT, Floats, same

TEXTS = ["a dog", "", "ein Bär 🐻", "a " * 200, "a pizza"]


def test_images_are_those_of_the_program(
    model: mobileclip.Model, images: Floats, program: Callable[..., Floats]
) -> None:
    words = ["--images", *map(str, PICTURES)]
    assert same(model.encode_image(PICTURES, normalize=True), program(*words))
    assert same(images, program("--no-normalize", *words))
    assert images.shape == (4, model.embed_dim) and images.dtype == np.float32


def test_texts_are_those_of_the_program(
    model: mobileclip.Model, program: Callable[..., Floats]
) -> None:
    assert same(model.encode_text(TEXTS, normalize=True), program("--texts", *TEXTS))


def test_every_kind_of_image_gives_the_same_bits(
    model: mobileclip.Model, preprocess: mobileclip.Preprocess, images: Floats
) -> None:
    path = PICTURES[0]
    with PIL.Image.open(path) as opened:
        rgb = opened.convert("RGB")
    pixels = np.asarray(rgb)
    kinds: list[mobileclip.ImageLike] = [
        path, str(path), path.read_bytes(), bytearray(path.read_bytes()),
        memoryview(path.read_bytes()), PIL.Image.open(path), rgb, pixels]  # fmt: skip
    for kind in kinds:
        assert same(model.encode_image(kind), images[:1]), type(kind)
        assert same(model.encode_image(preprocess(kind)[None]), images[:1]), type(kind)
    assert same(model.encode_image(kinds), np.repeat(images[:1], len(kinds), axis=0))
    assert same(model.encode_image(np.stack([pixels, pixels])), np.repeat(images[:1], 2, axis=0))
    assert same(preprocess(kinds), np.stack([preprocess(path)] * len(kinds)))


def test_precision(images: Floats) -> None:
    """Where the processor has AMX near what float32 gives, elsewhere refused."""
    with pytest.raises(ValueError, match="f32 or bf16"):
        mobileclip.create_model(precision="int8")
    try:
        model = mobileclip.create_model(precision="bf16")
    except mobileclip.Error as error:
        assert error.code == "unsupported"
        return
    rounded = model.encode_image(PICTURES)
    norms = np.linalg.norm(rounded, axis=1) * np.linalg.norm(images, axis=1)
    assert not same(rounded, images)
    assert ((rounded * images).sum(1) / norms > 0.9995).all()


def test_a_mixed_batch_from_a_generator(model: mobileclip.Model, images: Floats) -> None:
    def mixed() -> Iterator[mobileclip.ImageLike]:
        for _ in range(70):  # more than one group
            yield PICTURES[0]
            yield PIL.Image.open(PICTURES[1])
            yield PICTURES[2].read_bytes()
            yield np.asarray(PIL.Image.open(PICTURES[3]).convert("RGB"))

    assert same(model.encode_image(mixed()), np.tile(images, (70, 1)))


def test_non_contiguous_arrays(model: mobileclip.Model, preprocess: mobileclip.Preprocess) -> None:
    photo = np.asarray(PIL.Image.open(ROOT / "examples/chelsea.png").convert("RGB"))
    views = [photo[20:200, 30:210], photo[::-1, ::-1], photo[::2, ::3], photo.transpose(1, 0, 2),
             photo[..., ::-1], np.asfortranarray(photo), photo[5:6, :, :]]  # fmt: skip
    for view in views:
        assert same(preprocess(view), preprocess(view.copy(order="C")))
    assert same(model.encode_image(views), model.encode_image([v.copy() for v in views]))
    pixels = preprocess(views)
    expected = model.encode_image(pixels)
    assert same(model.encode_image(np.asfortranarray(pixels)), expected)
    assert same(model.encode_image(pixels[::-1]), expected[::-1].copy())
    assert same(model.encode_image(pixels.astype(np.float64)), expected)
    assert same(model.encode_image(pixels.astype(">f4")), expected)
    shifted = np.frombuffer(b"\0" + pixels.tobytes(), np.float32, offset=1).reshape(pixels.shape)
    assert same(model.encode_image(shifted), expected)


class Tensor:
    """As one of torch on the CPU: no numpy array, but becomes one."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.values


def test_what_becomes_an_array(
    model: mobileclip.Model, preprocess: mobileclip.Preprocess, images: Floats
) -> None:
    encode_image: Any = model.encode_image
    encode_text: Any = model.encode_text
    assert same(encode_image(Tensor(preprocess(PICTURES))), images)
    assert same(encode_image(Tensor(PIL.Image.open(PICTURES[1]).convert("RGB"))), images[1:2])
    assert same(encode_image(np.array(PICTURES, object)), images)
    assert same(preprocess(np.array([str(x) for x in PICTURES])), preprocess(PICTURES))
    assert same(encode_text(Tensor(model.tokenizer(TEXTS))), model.encode_text(TEXTS))
    assert same(encode_text(np.array(TEXTS, object)), model.encode_text(TEXTS))


def test_ids_of_every_integer_type(
    model: mobileclip.Model, tokenizer: mobileclip.Tokenizer
) -> None:
    ids = tokenizer(TEXTS)
    expected = model.encode_text(TEXTS)
    assert ids.dtype == np.int64 and ids.shape == (5, model.context_length)
    for kind in (np.int32, np.int64, np.uint16, np.uint64, ">i8"):
        assert same(model.encode_text(ids.astype(kind)), expected), kind
    assert same(model.encode_text(np.asfortranarray(ids)), expected)
    assert same(model.encode_text(iter(TEXTS)), expected)
    assert same(model.encode_text(np.array(TEXTS)), expected)
    assert same(model.encode_text(TEXTS[0]), expected[:1])
    assert same(model.encode_text(TEXTS * 40), np.tile(expected, (40, 1)))


def test_tokens(tokenizer: mobileclip.Tokenizer) -> None:
    assert tokenizer("a photo of a cat")[0, :8].tolist() == [
        49406, 320, 1125, 539, 320, 2368, 49407, 0]  # fmt: skip
    assert tokenizer.truncated(TEXTS).tolist() == [False, False, False, True, False]
    assert mobileclip.Tokenizer(4)("a photo of a cat").shape == (1, 4)
    # Two halves of a character are the character; a half alone is none.
    assert same(tokenizer("\ud83d\udc3b"), tokenizer("🐻"))
    assert same(tokenizer("a \ud83d b"), tokenizer("a \ufffd b"))


def test_nothing_gives_nothing(model: mobileclip.Model, preprocess: mobileclip.Preprocess) -> None:
    size = model.image_size
    assert model.encode_image([]).shape == (0, model.embed_dim)
    assert model.encode_image(np.empty((0, 3, size, size), np.float32)).shape[0] == 0
    assert model.encode_text([]).shape == (0, model.embed_dim)
    assert model.encode_text(np.empty((0, model.context_length), int)).shape[0] == 0
    assert preprocess([]).shape == (0, 3, size, size)
    assert model.tokenizer([]).shape == (0, model.context_length)


def test_results_are_the_callers(
    model: mobileclip.Model, preprocess: mobileclip.Preprocess
) -> None:
    """Writable and owned: the original's `features /= norm` works in place."""
    for array in (model.encode_image(PICTURES[0]), preprocess(PICTURES[0]), model.tokenizer("a")):
        assert array.flags.writeable and array.flags.owndata and array.flags.c_contiguous


def test_probabilities(model: mobileclip.Model) -> None:
    image = model.encode_image(PICTURES, normalize=True)
    text = model.encode_text(["a dog", "a guitar", "a pizza", "a rocket"], normalize=True)
    found = mobileclip.zero_shot_probabilities(image, text, model.logit_scale)
    assert found.shape == (4, 4) and found.dtype == np.float64
    assert found.argmax(axis=1).tolist()[:3] == [0, 1, 2]
    logits = model.logit_scale * (image.astype(float) @ text.T.astype(float))
    expected = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert found == pytest.approx(expected / expected.sum(axis=1, keepdims=True), abs=1e-9)


def test_a_model_from_a_file(tmp_path: Path, images: Floats) -> None:
    """As in the original: a variant and its checkpoint; here under a name with odd bytes."""
    weights = (ROOT / "assets/mobileclip_nano.safetensors").read_bytes()
    file = tmp_path / "ä \udcff.safetensors"
    file.write_bytes(weights)
    model, nothing, preprocess = mobileclip.create_model_and_transforms("mobileclip_nano", file)
    assert nothing is None
    assert same(model.encode_image(preprocess(PICTURES)), images)
    with pytest.raises(mobileclip.Error, match="mobileclip_s0"):
        mobileclip.create_model("mobileclip_s0", file)
