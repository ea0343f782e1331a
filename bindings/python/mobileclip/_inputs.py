"""Images and texts as they come in Python, made into what the compiled part takes."""

from __future__ import annotations

import operator
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._errors import DecodeError, Error, InvalidArgumentError

if TYPE_CHECKING:
    import PIL.Image

#: One image: a path, the bytes of a file, an image of PIL, or pixels: uint8 (height, width, 3).
ImageLike = Union[
    str,
    "os.PathLike[str]",
    bytes,
    bytearray,
    memoryview,
    "PIL.Image.Image",
    npt.NDArray[np.uint8],
]

# An iterable of images is taken a group at a time: this many, or this much memory.
_GROUP_IMAGES = 256
_GROUP_BYTES = 64 << 20


def is_pil(item: object) -> bool:
    """Whether this is an image of PIL; PIL is not imported for it."""
    pil = sys.modules.get("PIL.Image")
    return pil is not None and isinstance(item, pil.Image)


def is_array(item: object) -> bool:
    """A numpy array, or what becomes one: a tensor of torch on the CPU, a column of pandas."""
    return hasattr(item, "__array__") and not isinstance(item, (str, bytes)) and not is_pil(item)


def is_one_image(item: object) -> bool:
    return isinstance(item, (str, os.PathLike, bytes, bytearray, memoryview)) or is_pil(item)


def list_of(array: npt.NDArray[Any]) -> list[Any] | None:
    """The items of an array of strings or objects; None for an array of numbers."""
    items: list[Any] = array.tolist()
    return items if array.dtype.kind in "OU" else None


def to_image(item: object) -> _core.Image:
    """Nothing is read or decoded here but what PIL has not loaded yet."""
    if isinstance(item, (str, os.PathLike)):
        return _core.Image.from_path(to_path(item))
    if isinstance(item, (bytes, bytearray, memoryview)):
        return _core.Image.from_bytes(bytes(item))
    if is_pil(item):
        return _from_pil(item)
    if is_array(item):
        return _from_array(np.asarray(item))
    raise TypeError(
        "an image is a path, the bytes of a file, an image of PIL or an array of uint8 "
        f"(height, width, 3), not {type(item).__name__}"
    )


def to_path(path: str | os.PathLike[str]) -> bytes:
    name = os.fsencode(path)
    if b"\0" in name:
        raise InvalidArgumentError(f"the path {os.fsdecode(name)!r} holds a NUL character")
    return name


def _from_pil(image: Any) -> _core.Image:
    try:
        pixels = np.asarray(image.convert("RGB"))
    except Exception as error:  # PIL raises what its decoders raise
        raise DecodeError(f"PIL cannot load the image: {error}") from error
    return _from_array(pixels)


def _from_array(pixels: npt.NDArray[Any]) -> _core.Image:
    if pixels.dtype != np.uint8:
        raise TypeError(
            f"the pixels of an image are uint8, not {pixels.dtype}; preprocessed images go to "
            "encode_image in one float32 array (n, 3, size, size)"
        )
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InvalidArgumentError(
            f"the pixels of an image are (height, width, 3), not {pixels.shape}"
        )
    # Rows may lie apart, as in a crop; pixels within a row may not.
    if pixels.strides[1:] != (3, 1) or pixels.strides[0] < 3 * pixels.shape[1]:
        pixels = np.ascontiguousarray(pixels)
    return _core.Image.from_pixels(pixels)


def groups(images: Iterable[object]) -> Iterator[list[_core.Image | Error]]:
    """The images a few at a time; one that is none is an Error in its place."""
    group: list[_core.Image | Error] = []
    size = 0
    for item in images:
        try:
            image = to_image(item)
            size += image.nbytes
            group.append(image)
        except Error as error:
            group.append(error)
        if len(group) == _GROUP_IMAGES or size >= _GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def utf8(texts: str | Iterable[str]) -> list[bytes]:
    return [_utf8(text) for text in ([texts] if isinstance(texts, str) else texts)]


def _utf8(text: object) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"a text is a str, not {type(text).__name__}")
    try:
        return text.encode()
    except UnicodeEncodeError:  # pairs of surrogates are one character, lone ones none
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def whole(what: str, value: int) -> int:
    """An int that fits C++'s."""
    number = operator.index(value)
    if not -(2**31) <= number < 2**31:
        raise InvalidArgumentError(f"{what} is far out of range: {number}")
    return number


def float_rows(what: str, rows: npt.ArrayLike) -> npt.NDArray[np.float32]:
    array = np.asarray(rows)
    if array.dtype.kind != "f":
        raise TypeError(f"{what} are floats, not {array.dtype}")
    if array.ndim != 2:
        raise InvalidArgumentError(f"{what} are (n, embed_dim), not {array.shape}")
    return np.require(array, np.float32, ["C", "A"])
