"""Model, Preprocess and Tokenizer: numpy in, numpy out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from . import _core
from ._errors import BatchError, Error, InvalidArgumentError
from ._inputs import (
    ImageLike,
    float_rows,
    groups,
    is_array,
    is_one_image,
    list_of,
    to_image,
    utf8,
    whole,
)

# Arrays and texts are encoded this many rows at a time; Ctrl-C is heard in between.
_ROWS = 64

_NO_PICKLE = (
    "a {} cannot be pickled: its weights are outside Python. Give its name or file to the other "
    "process, and let that call mobileclip.create_model_and_transforms"
)


class Preprocess:
    """From an image to the pixels a model takes.

    The short edge is resized to ``image_size``, the centre cropped, the values scaled to [0, 1]
    (and by ``mean`` and ``std``): bit-equal to Pillow and torchvision. Thread-safe; the GIL is
    free meanwhile. Made by ``create_model_and_transforms`` and ``Model.preprocess``.
    """

    __slots__ = ("_core",)

    def __init__(self, core: _core.Preprocess) -> None:
        self._core = core

    def __call__(self, image: ImageLike | Iterable[ImageLike]) -> npt.NDArray[np.float32]:
        """One image → float32 (3, S, S); an iterable of images → (n, 3, S, S), S = image_size.

        Args:
            image: a path; the bytes of a JPEG, PNG, WebP, GIF, TIFF, BMP or PNM file (the first
                frame counts, an EXIF orientation is applied); an image of PIL, as it is (no
                orientation is applied), converted to RGB; or decoded RGB pixels, uint8
                (height, width, 3), contiguous or not.

        Raises:
            FileNotFoundError, OSError: the file is not there, or cannot be read.
            DecodeError (a ValueError): no image, or a damaged one.
            Error: code ``unsupported``, or ``too_large`` (178,956,970 pixels, a file of 1 GiB).
            ValueError, TypeError: an array of another shape, or of another type.
        """
        if is_array(image):
            array = np.asarray(image)
            items = list(array) if array.ndim == 4 else list_of(array)
            return self._core(to_image(array)) if items is None else self(items)
        if is_one_image(image) or not isinstance(image, Iterable):
            return self._core(to_image(image))
        pixels = [self._core(to_image(item)) for item in image]
        if not pixels:
            return np.empty((0, 3, self.image_size, self.image_size), np.float32)
        return np.stack(pixels)

    @property
    def image_size(self) -> int:
        """S: the height and width of what comes out."""
        return self._core.image_size

    @property
    def mean(self) -> tuple[float, ...]:
        """What is subtracted from each channel after scaling to [0, 1]."""
        return tuple(self._core.mean)

    @property
    def std(self) -> tuple[float, ...]:
        """What each channel is then divided by."""
        return tuple(self._core.std)

    def __repr__(self) -> str:
        return f"Preprocess(image_size={self.image_size}, mean={self.mean}, std={self.std})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(_NO_PICKLE.format("Preprocess"))


class Tokenizer:
    """CLIP's byte-pair tokenizer with its text repair. Thread-safe; the GIL is free meanwhile.

    That of a SigLIP is made by ``get_tokenizer`` and ``Model.tokenizer`` only: it reads texts with
    the SentencePiece model of the user's, and its rows are ids, end token, end tokens.

    Args:
        context_length: ids in a row, from 2 to 65536 (ValueError).
    """

    __slots__ = ("_core",)

    def __init__(self, context_length: int = 77) -> None:
        self._core = _core.Tokenizer(whole("context_length", context_length))

    @classmethod
    def _of(cls, core: _core.Tokenizer) -> Tokenizer:
        tokenizer = cls.__new__(cls)
        tokenizer._core = core
        return tokenizer

    def __call__(self, texts: str | Iterable[str]) -> npt.NDArray[np.int64]:
        """n texts → int64 (n, context_length): start token, ids, end token, zeros.

        One str is one text. Longer texts are cut to the context; ``truncated`` tells which.
        Raises TypeError for what is no str, FileNotFoundError if the model takes a SentencePiece
        model and none was given.
        """
        return self._core(utf8(texts))[0]

    def truncated(self, texts: str | Iterable[str]) -> npt.NDArray[np.bool_]:
        """n texts → bool (n,): whether the text is longer than the context and is cut."""
        return self._core(utf8(texts))[1]

    @property
    def context_length(self) -> int:
        """Ids in a row."""
        return self._core.context_length

    def __repr__(self) -> str:
        return f"Tokenizer(context_length={self.context_length})"

    def __reduce__(self) -> tuple[type[Tokenizer], tuple[int]]:
        if not self._core.is_clip:
            raise TypeError(
                "a tokenizer with a SentencePiece model cannot be pickled: give the name of its "
                "file to the other process, and let that call mobileclip.get_tokenizer"
            )
        return Tokenizer, (self.context_length,)


class Model:
    """Weights, loaded once and never changed; made by ``create_model``.

    Any number of threads may call one model at the same time: each gets the bits it would get
    alone. The GIL is free during all computation. The same image or text gives the same bits
    alone and anywhere in a batch. A model does not survive ``os.fork`` and is not pickled: load
    it in each process.
    """

    __slots__ = ("_core",)

    def __init__(self, core: _core.Model) -> None:
        self._core = core

    def encode_image(
        self,
        image: npt.NDArray[np.floating[Any]] | ImageLike | Iterable[ImageLike],
        normalize: bool = False,
    ) -> npt.NDArray[np.float32]:
        """n images → float32 (n, embed_dim).

        Args:
            image: preprocessed images, float (n, 3, S, S) of any strides, as ``preprocess``
                makes them; or one image, or an iterable of images, each as ``preprocess`` takes
                it, in any mixture. An iterable is read a group at a time and decoded on all
                threads; a generator may be longer than the memory.
            normalize: scale each row to unit L2 norm.

        Raises:
            BatchError: some images of an iterable failed; it holds the embeddings of the others.
            FileNotFoundError, DecodeError, …: what ``preprocess`` raises, for one image.
            ValueError, TypeError: an array of another shape or type.
            Error: code ``non_finite`` if an embedding is not finite, or has no norm to scale.
        """
        if is_array(image):
            array = np.asarray(image)
            if array.dtype.kind == "f":
                return self._encode_pixels(array, normalize)
            items = list(array) if array.ndim == 4 else list_of(array)
            if items is None:
                return self._encode_one(array, normalize)
            return self._encode_many(items, normalize)
        if is_one_image(image) or not isinstance(image, Iterable):
            return self._encode_one(image, normalize)
        return self._encode_many(image, normalize)

    def encode_text(
        self, text: npt.NDArray[np.integer[Any]] | str | Iterable[str], normalize: bool = False
    ) -> npt.NDArray[np.float32]:
        """n texts → float32 (n, embed_dim).

        Args:
            text: token ids, integers (n, context_length), as the tokenizer makes them; or one
                str, or an iterable of str, which are tokenized. Longer ones are cut.
            normalize: scale each row to unit L2 norm.

        Raises:
            ValueError: another shape, or an id outside the vocabulary.
            TypeError: what is neither integers nor str.
            Error: code ``non_finite``, as for ``encode_image``.
        """
        if is_array(text):
            array = np.asarray(text)
            if array.dtype.kind in "iu":
                return self._encode_ids(array, normalize)
            texts = list_of(array)
            if texts is None:
                raise TypeError(f"token ids are integers, not {array.dtype}")
            return self.encode_text(texts, normalize)
        iterator = iter([text] if isinstance(text, str) else text)
        tokenizer = self.tokenizer
        parts = [self._encode_ids(tokenizer([]), normalize)]
        while rows := list(islice(iterator, _ROWS)):
            parts.append(self._encode_ids(tokenizer(rows), normalize))
        return np.concatenate(parts)

    def _encode_pixels(self, pixels: npt.NDArray[Any], normalize: bool) -> npt.NDArray[np.float32]:
        expected = (3, self.image_size, self.image_size)
        if pixels.ndim != 4 or pixels.shape[1:] != expected:
            hint = "; pixels[None] adds the first axis" if pixels.shape == expected else ""
            shape = f"(n, {', '.join(map(str, expected))})"
            raise InvalidArgumentError(
                f"the preprocessed images of {self.name} are {shape}, not {pixels.shape}{hint}"
            )
        out = np.empty((len(pixels), self.embed_dim), np.float32)
        for first in range(0, len(pixels), _ROWS):
            rows = np.require(pixels[first : first + _ROWS], np.float32, ["C", "A"])
            out[first : first + _ROWS] = self._core.encode_pixels(rows, bool(normalize))
        return out

    def _encode_ids(self, ids: npt.NDArray[Any], normalize: bool) -> npt.NDArray[np.float32]:
        if ids.ndim != 2 or ids.shape[1] != self.context_length:
            raise InvalidArgumentError(
                f"the token ids of {self.name} are (n, {self.context_length}), not {ids.shape}"
            )
        if ids.size and (ids.min() < 0 or ids.max() >= 2**31):
            raise InvalidArgumentError("a token id is outside the vocabulary")
        out = np.empty((len(ids), self.embed_dim), np.float32)
        for first in range(0, len(ids), _ROWS):
            rows = np.require(ids[first : first + _ROWS], np.int32, ["C", "A"])
            out[first : first + _ROWS] = self._core.encode_ids(rows, bool(normalize))
        return out

    def _encode_one(self, image: object, normalize: bool) -> npt.NDArray[np.float32]:
        rows, errors = self._core.encode_images((to_image(image),), bool(normalize))
        if errors:
            raise errors[0][1]
        return rows

    def _encode_many(self, images: Iterable[object], normalize: bool) -> npt.NDArray[np.float32]:
        parts = [np.empty((0, self.embed_dim), np.float32)]
        errors: dict[int, Error] = {}
        first = 0
        for group in groups(images):
            good = [i for i, image in enumerate(group) if not isinstance(image, Error)]
            inputs = tuple(image for image in group if not isinstance(image, Error))
            rows = np.full((len(group), self.embed_dim), np.nan, np.float32)
            rows[good], failed = self._core.encode_images(inputs, bool(normalize))
            errors.update((first + i, bad) for i, bad in enumerate(group) if isinstance(bad, Error))
            errors.update((first + good[i], error) for i, error in failed)
            parts.append(rows)
            first += len(group)
        rows = np.concatenate(parts)
        if errors:
            errors = dict(sorted(errors.items()))
            number, cause = next(iter(errors.items()))
            raise BatchError(
                f"{len(errors)} of {first} images failed; the first, number {number}: {cause}",
                rows,
                errors,
            ) from cause
        return rows

    @property
    def name(self) -> str:
        """The variant: "mobileclip_s0"."""
        return self._core.name

    @property
    def embed_dim(self) -> int:
        """The width of an embedding."""
        return self._core.embed_dim

    @property
    def image_size(self) -> int:
        """S: the height and width of preprocessed images."""
        return self._core.image_size

    @property
    def context_length(self) -> int:
        """Ids in a row of tokens."""
        return self._core.context_length

    @property
    def logit_scale(self) -> float:
        """What multiplies cosines before a softmax: min(exp(logit_scale), 100) of the file.

        Before a sigmoid (see ``logit_bias``): exp(logit_scale).
        """
        return self._core.logit_scale

    @property
    def logit_bias(self) -> float | None:
        """What is added after that where labels are judged one by one, each by a sigmoid (SigLIP).

        None for all other networks.
        """
        return self._core.logit_bias

    def probabilities(
        self, image_features: npt.ArrayLike, text_features: npt.ArrayLike
    ) -> npt.NDArray[np.float64]:
        """What the network was trained to say of each label: float64 (n images, n labels).

        From normalised features: ``sigmoid_probabilities`` where there is a ``logit_bias``, else
        ``zero_shot_probabilities``, with the model's ``logit_scale``. Raises what they raise.
        """
        images = float_rows("image features", image_features)
        texts = float_rows("text features", text_features)
        bias = self.logit_bias
        if bias is None:
            return _core.zero_shot_probabilities(images, texts, self.logit_scale)
        return _core.sigmoid_probabilities(images, texts, self.logit_scale, bias)

    @property
    def warnings(self) -> list[str]:
        """What loading found worth a message, one sentence each; mostly none."""
        return self._core.warnings

    @property
    def preprocess(self) -> Preprocess:
        """From images to what ``encode_image`` takes."""
        return Preprocess(self._core.preprocess())

    @property
    def tokenizer(self) -> Tokenizer:
        """From texts to what ``encode_text`` takes: the one that the network reads with."""
        return Tokenizer._of(self._core.tokenizer)

    def __repr__(self) -> str:
        return (
            f"Model(name={self.name!r}, embed_dim={self.embed_dim}, "
            f"image_size={self.image_size}, context_length={self.context_length})"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError(_NO_PICKLE.format("Model"))
