"""MobileCLIP: image and text embeddings on a CPU, without PyTorch; in the original's words.

    import mobileclip

    model, _, preprocess = mobileclip.create_model_and_transforms("mobileclip_nano")
    tokenizer = mobileclip.get_tokenizer("mobileclip_nano")
    images = model.encode_image(preprocess("cat.jpg")[None], normalize=True)
    texts = model.encode_text(tokenizer(["a dog", "a cat"]), normalize=True)
    probabilities = mobileclip.zero_shot_probabilities(images, texts, model.logit_scale)

Arrays are numpy's. Everything is thread-safe and leaves the GIL free while it computes.
"""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from . import _core
from ._errors import BatchError, DecodeError, Error, InvalidArgumentError, IoError, NotFoundError
from ._inputs import ImageLike, float_rows, to_path, whole
from ._model import Model, Preprocess, Tokenizer

__version__: str = _core.version

__all__ = [
    "BatchError",
    "DecodeError",
    "Error",
    "ImageLike",
    "InvalidArgumentError",
    "IoError",
    "Model",
    "NotFoundError",
    "Preprocess",
    "Tokenizer",
    "create_model",
    "create_model_and_transforms",
    "get_tokenizer",
    "list_models",
    "sigmoid_probabilities",
    "zero_shot_probabilities",
]


def create_model(
    model_name: str = "",
    pretrained: str | os.PathLike[str] | None = None,
    *,
    threads: int = 0,
    batch: int = 8,
    tokenizer: str | os.PathLike[str] | None = None,
    precision: str = "f32",
) -> Model:
    """Loads a model.

    Args:
        model_name: a variant of ``list_models()``. Without ``pretrained``, where its weights are:
            NAME.safetensors or NAME.pt in $MOBILECLIP_HOME (else ~/.cache/mobileclip), the model
            inside the package ("mobileclip_nano"), or itself a file; empty for $MOBILECLIP_MODEL
            and else the model inside the package.
        pretrained: a checkpoint of that variant, PyTorch .pt or safetensors; nothing in it is
            executed.
        threads: of the model; 0 for the cores this process may use, at most 256. Callers share
            them and take turns. With 1, every calling thread computes by itself.
        batch: items that go through the network at a time, 1 to 1024: bounds the memory.
        tokenizer: the SentencePiece model of a network that reads strings with one (SigLIP); by
            default spiece.model, sentencepiece.model or tokenizer.model beside the weights.
            Other networks have CLIP's tokenizer, whatever is given here.
        precision: of the arithmetic: "f32"; or "bf16", factors rounded to bfloat16 and sums in
            float32, on a processor with AMX.

    Raises:
        FileNotFoundError, OSError: no such file or name, or it cannot be read.
        ValueError: no such variant or precision; threads or batch out of range.
        Error: code ``not_a_checkpoint``, ``unsupported``, ``wrong_model``, ``damaged``,
            ``hostile``.
    """
    file = to_path(model_name if pretrained is None else pretrained)
    arch = "" if pretrained is None else model_name
    spiece = to_path(tokenizer or "")
    sizes = whole("threads", threads), whole("batch", batch)
    return Model(_core.Model(file, arch, spiece, precision, *sizes))


def create_model_and_transforms(
    model_name: str = "",
    pretrained: str | os.PathLike[str] | None = None,
    reparameterize: bool = True,
    device: str = "cpu",
    *,
    threads: int = 0,
    batch: int = 8,
    tokenizer: str | os.PathLike[str] | None = None,
    precision: str = "f32",
) -> tuple[Model, None, Preprocess]:
    """``create_model`` and its preprocess, as the original returns them: (model, None, preprocess).

    ``reparameterize`` and ``device`` are the original's: a model is always reparameterized and on
    the CPU, and anything else is a ValueError. The rest is as in ``create_model``.
    """
    if not reparameterize:
        raise InvalidArgumentError("models are always reparameterized here")
    if str(device) != "cpu":
        raise InvalidArgumentError(f"models run on the device 'cpu', not on {str(device)!r}")
    model = create_model(
        model_name,
        pretrained,
        threads=threads,
        batch=batch,
        tokenizer=tokenizer,
        precision=precision,
    )
    return model, None, model.preprocess


def get_tokenizer(
    model_name: str = "", *, tokenizer: str | os.PathLike[str] | None = None
) -> Tokenizer:
    """The tokenizer of a variant, or of a model as ``create_model`` finds it; reads no weights.

    ``tokenizer`` is the SentencePiece model of a SigLIP, as in ``create_model``. Raises what
    ``create_model`` raises, and FileNotFoundError for a SigLIP without such a file.
    """
    return Tokenizer._of(_core.get_tokenizer(to_path(model_name), to_path(tokenizer or "")))


def list_models() -> list[str]:
    """The names of all variants."""
    return _core.list_models()


def zero_shot_probabilities(
    image_features: npt.ArrayLike, text_features: npt.ArrayLike, scale: float = 100.0
) -> npt.NDArray[np.float64]:
    """softmax(scale · image_features · text_featuresᵀ): float64 (n images, n labels).

    Args:
        image_features: float (n, embed_dim), rows of unit norm.
        text_features: float (n labels, embed_dim), rows of unit norm.
        scale: 100, or ``model.logit_scale``.

    Raises:
        ValueError: the widths differ, or an array has not two axes.
        TypeError: what is no floats.
    """
    images = float_rows("image features", image_features)
    texts = float_rows("text features", text_features)
    return _core.zero_shot_probabilities(images, texts, float(scale))


def sigmoid_probabilities(
    image_features: npt.ArrayLike, text_features: npt.ArrayLike, scale: float, bias: float
) -> npt.NDArray[np.float64]:
    """sigmoid(scale · image_features · text_featuresᵀ + bias): float64 (n images, n labels).

    For networks with a ``logit_bias`` (SigLIP), which judge labels one by one: rows do not add up
    to 1. ``scale`` is ``model.logit_scale``, ``bias`` is ``model.logit_bias``; the rest is as in
    ``zero_shot_probabilities``. ``Model.probabilities`` takes the one that fits the model.
    """
    images = float_rows("image features", image_features)
    texts = float_rows("text features", text_features)
    return _core.sigmoid_probabilities(images, texts, float(scale), float(bias))
