"""Every failure is an exception of the right class, with a sentence and a code."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any, Callable

import numpy as np
import PIL.Image
import pytest

import mobileclip
from support import PICTURES, ROOT, Floats, same


def fails(
    kind: type[Exception], code: str, sentence: str | None, call: Callable[[], object]
) -> None:
    with pytest.raises(kind, match=sentence) as caught:
        call()
    assert isinstance(caught.value, mobileclip.Error)
    assert caught.value.code == code


def test_files_and_models(model: mobileclip.Model, tmp_path: Path) -> None:
    create = mobileclip.create_model
    fails(FileNotFoundError, "not_found", "no model nosuch", lambda: create("nosuch"))
    fails(FileNotFoundError, "not_found", "cannot open",
          lambda: create("mobileclip_s0", "/no/such.pt"))  # fmt: skip
    fails(FileNotFoundError, "not_found", "no model nosuch",
          lambda: mobileclip.get_tokenizer("nosuch"))  # fmt: skip
    fails(mobileclip.Error, "not_a_checkpoint", None, lambda: create(str(PICTURES[0])))
    fails(ValueError, "invalid_argument", "clip", lambda: create("clip", PICTURES[0]))
    fails(ValueError, "invalid_argument", "threads", lambda: create(threads=257))
    fails(ValueError, "invalid_argument", "batch", lambda: create(batch=0))
    fails(ValueError, "invalid_argument", "far out of range", lambda: create(batch=2**40))
    fails(ValueError, "invalid_argument", "NUL", lambda: create("a\0b"))
    transforms = mobileclip.create_model_and_transforms
    fails(ValueError, "invalid_argument", "'cuda'", lambda: transforms(device="cuda"))
    fails(ValueError, "invalid_argument", "reparam", lambda: transforms(reparameterize=False))
    fails(ValueError, "invalid_argument", "context", lambda: mobileclip.Tokenizer(1))
    fails(FileNotFoundError, "not_found", "x.png", lambda: model.encode_image("x.png"))
    fails(ValueError, "decode", "README.md", lambda: model.encode_image(ROOT / "README.md"))
    fails(ValueError, "decode", None, lambda: model.encode_image(b""))
    fails(ValueError, "invalid_argument", "NUL", lambda: model.preprocess("dog.png\0.txt"))
    fails(ValueError, "invalid_argument", "folder", lambda: model.preprocess(tmp_path))


def test_shapes(model: mobileclip.Model, preprocess: mobileclip.Preprocess) -> None:
    size, context = model.image_size, model.context_length
    pixels = preprocess(PICTURES[0])
    sentence = rf"\(n, 3, {size}, {size}\), not \(3, {size}, {size}\); pixels\[None\]"
    fails(ValueError, "invalid_argument", sentence, lambda: model.encode_image(pixels))
    for shape in [(1, 3, size, size + 1), (1, size, size, 3), (1, 1, 3, size, size), (), (7,)]:
        array = np.zeros(shape, np.float32)
        fails(ValueError, "invalid_argument", r"\(n, 3", lambda: model.encode_image(array))
    for shape in [(context,), (1, context - 1), (1, 1, context), ()]:
        ids = np.zeros(shape, int)
        fails(ValueError, "invalid_argument", rf"\(n, {context}\)", lambda: model.encode_text(ids))
    for shape in [(8, 8), (8, 8, 4), (8,)]:
        rgb = np.zeros(shape, np.uint8)
        fails(ValueError, "invalid_argument", "height, width, 3", lambda: model.preprocess(rgb))
    empty = np.zeros((0, 5, 3), np.uint8)
    fails(ValueError, "invalid_argument", "no pixels", lambda: model.preprocess(empty))
    for bad in (-1, 49408, 2**31, 2**32 + 320):
        ids = np.full((2, context), bad)
        fails(ValueError, "invalid_argument", None, lambda: model.encode_text(ids))
    ok = np.ones((2, 4), np.float32)
    for a, b in [(ok, ok[:, :3]), (ok[0], ok), (ok, ok[0])]:
        fails(ValueError, "invalid_argument", None,
              lambda: mobileclip.zero_shot_probabilities(a, b))  # fmt: skip


def test_types(model: mobileclip.Model) -> None:
    image: Any = model.encode_image  # whatever a type checker would say
    text: Any = model.encode_text
    tokenizer: Any = model.tokenizer
    create: Any = mobileclip.create_model
    size, context = model.image_size, model.context_length
    calls: list[tuple[str | None, Callable[[], object]]] = [
        ("uint8, not int64", lambda: image(np.zeros((8, 8, 3), np.int64))),
        ("uint8, not int64", lambda: image(np.zeros((1, 3, size, size), np.int64))),
        ("uint8, not complex", lambda: image(np.zeros((1, 3, size, size), complex))),
        ("uint8, not float32", lambda: image([np.zeros((8, 8, 3), np.float32)])),
        ("not int", lambda: image(3)),
        ("not NoneType", lambda: image([PICTURES[0], None])),
        ("integers, not float64", lambda: text(np.zeros((1, context)))),
        ("integers, not bool", lambda: text(np.zeros((1, context), bool))),
        ("a str, not int", lambda: text(["a dog", 3])),
        ("a str, not bytes", lambda: tokenizer([b"a dog"])),
        ("floats, not int64", lambda: mobileclip.zero_shot_probabilities([[1]], [[1]])),
        (None, lambda: create(threads="2")),
        (None, lambda: text(None)),
    ]
    for sentence, call in calls:
        with pytest.raises(TypeError, match=sentence):
            call()


def test_not_finite(model: mobileclip.Model) -> None:
    pixels = np.full((3, 3, model.image_size, model.image_size), 0.5, np.float32)
    pixels[1, 0, 0, 0] = np.nan
    fails(mobileclip.Error, "non_finite", "not finite", lambda: model.encode_image(pixels))


def test_bad_images_among_good_ones(
    model: mobileclip.Model, images: Floats, tmp_path: Path
) -> None:
    truncated = PICTURES[0].read_bytes()[:2000]
    (tmp_path / "cut.png").write_bytes(truncated)
    batch: list[Any] = [PICTURES[0], tmp_path / "cut.png", PICTURES[1], truncated, "missing.png",
                        PIL.Image.open(tmp_path / "cut.png"), np.zeros((4, 4), np.uint8),
                        PICTURES[2]]  # fmt: skip
    with pytest.raises(mobileclip.BatchError, match=r"5 of 8 .* number 1: .*cut\.png") as caught:
        model.encode_image(batch)
    error = caught.value
    assert error.code == "decode"
    assert {i: e.code for i, e in error.errors.items()} == {
        1: "decode", 3: "decode", 4: "not_found", 5: "decode", 6: "invalid_argument"}  # fmt: skip
    assert list(error.errors) == sorted(error.errors)
    assert isinstance(error.errors[4], FileNotFoundError)
    assert isinstance(error.errors[5].__cause__, OSError)  # PIL's own
    assert same(error.embeddings[[0, 2, 7]], images[:3])
    assert np.isnan(error.embeddings[[1, 3, 4, 5, 6]]).all()
    # The numbers count through groups.
    many: list[Any] = [PICTURES[3]] * 300
    many[299] = "missing.png"
    with pytest.raises(mobileclip.BatchError) as caught:
        model.encode_image(many)
    assert list(caught.value.errors) == [299]
    assert same(caught.value.embeddings[:299], np.repeat(images[3:], 299, axis=0))


def test_exceptions_travel_between_processes(model: mobileclip.Model) -> None:
    for call in (lambda: model.encode_image("x.png"), lambda: model.encode_image(b"x"),
                 lambda: model.encode_image(["x.png"]), lambda: model.tokenizer.__class__(1)):
        with pytest.raises(mobileclip.Error) as caught:
            call()
        again = pickle.loads(pickle.dumps(caught.value))
        assert type(again) is type(caught.value)
        assert str(again) == str(caught.value) and again.code == caught.value.code


def test_models_are_not_pickled(model: mobileclip.Model) -> None:
    for thing in (model, model.preprocess):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled: its weights are outside"):
                attempt(thing)
    again = pickle.loads(pickle.dumps(mobileclip.Tokenizer(9)))
    assert again.context_length == 9


def test_exceptions_of_an_iterable_pass(model: mobileclip.Model) -> None:
    def broken() -> Any:
        yield PICTURES[0]
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        model.encode_image(broken())
