"""The exceptions of the package: one sentence each, and a code that stays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class Error(Exception):
    """A failure of the library; the base of all its exceptions.

    ``str(error)`` is one sentence: what was done, to what, and what was expected. ``error.code``
    is the stable name of the kind, the same as in the JSON output of the program:
    ``invalid_argument``, ``not_found``, ``io``, ``no_space``, ``decode``, ``unsupported``,
    ``not_a_checkpoint``, ``wrong_model``, ``damaged``, ``hostile``, ``too_large``,
    ``non_finite``, ``internal``.
    """

    code: str = "internal"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class InvalidArgumentError(Error, ValueError):
    """``invalid_argument``: a shape or a value that has no meaning here."""

    code = "invalid_argument"


class NotFoundError(Error, FileNotFoundError):
    """``not_found``: no such file, or no model of that name."""

    code = "not_found"


class IoError(Error, OSError):
    """``io`` and ``no_space``: the operating system refused."""

    code = "io"


class DecodeError(Error, ValueError):
    """``decode``: bytes that are no image, or a damaged one."""

    code = "decode"


class BatchError(Error):
    """Some images of a batch failed; the others did not, and their embeddings are here.

    Attributes:
        embeddings: float32 (n, embed_dim), what ``encode_image`` would have returned; the row of
            an image that failed holds NaN.
        errors: the ``Error`` of each image that failed, by its number in the batch, in order.
        code: that of the first of them.
    """

    embeddings: npt.NDArray[np.float32]
    errors: dict[int, Error]

    def __init__(
        self, message: str, embeddings: npt.NDArray[np.float32], errors: dict[int, Error]
    ) -> None:
        super().__init__(message, next(iter(errors.values())).code)
        self.args = (message, embeddings, errors)  # what a pickled exception is made from again
        self.embeddings = embeddings
        self.errors = errors

    def __str__(self) -> str:
        return str(self.args[0])


_CLASSES: dict[str, type[Error]] = {
    "invalid_argument": InvalidArgumentError,
    "not_found": NotFoundError,
    "io": IoError,
    "no_space": IoError,
    "decode": DecodeError,
}


def from_code(code: str, message: str) -> Error:
    """The exception of an error of the C++ library."""
    return _CLASSES.get(code, Error)(message, code)
