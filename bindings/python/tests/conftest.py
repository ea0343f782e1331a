"""The shipped model and the program."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Callable

import numpy as np
import pytest

import mobileclip
from support import PICTURES, ROOT, Floats


@pytest.fixture(scope="session")
def model() -> mobileclip.Model:
    return mobileclip.create_model("mobileclip_nano", threads=2)


@pytest.fixture(scope="session")
def preprocess(model: mobileclip.Model) -> mobileclip.Preprocess:
    return model.preprocess


@pytest.fixture(scope="session")
def tokenizer() -> mobileclip.Tokenizer:
    return mobileclip.get_tokenizer("mobileclip_nano")


@pytest.fixture(scope="session")
def images(model: mobileclip.Model) -> Floats:
    """The embeddings of PICTURES."""
    return model.encode_image(PICTURES)


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Floats]:
    """`mobileclip embed` with some more words; its output."""
    path = Path(os.environ.get("MOBILECLIP_PROGRAM", ROOT / "build/release/mobileclip"))
    if not path.exists():
        pytest.skip(f"no program {path}: ./dev python builds it")

    def embed(*words: str) -> Floats:
        out = tmp_path / "out.npy"
        subprocess.run([path, "embed", "-o", out, *words], check=True, capture_output=True)
        rows: Floats = np.load(out)
        return rows

    return embed
