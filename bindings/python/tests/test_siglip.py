"""A SigLIP of synthetic weights: its bias, its sigmoids, its tokenizer."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mobileclip
from support import PICTURES, ROOT, same

BUILD = Path(os.environ.get("MOBILECLIP_PROGRAM", ROOT / "build/release/mobileclip")).parent
NAME = "ViT-B-16-SigLIP"
A_CAT = [3, 4] + [1] * 62
NORMAL, UNKNOWN, CONTROL = 1, 2, 3


def piece(text: str, kind: int) -> bytes:
    """One piece of a SentencePiece model: a message of text, score and type."""
    word = text.encode()
    body = b"\x0a" + bytes([len(word)]) + word
    body += b"\x15" + struct.pack("<f", -1) + b"\x18" + bytes([kind])
    return b"\x0a" + bytes([len(body)]) + body


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    synth = BUILD / "tools/mobileclip_synth"
    if not synth.exists():
        pytest.skip(f"no program {synth}: ./dev python builds it")
    out = tmp_path_factory.mktemp("siglip")
    subprocess.run([synth, NAME, out / "model.pt"], check=True)
    pieces = [piece("<pad>", CONTROL), piece("</s>", CONTROL), piece("<unk>", UNKNOWN)]
    pieces += [piece(text, NORMAL) for text in ("▁a", "▁cat", "▁dog", "s", "▁")]
    pieces += [piece(f"#{i}", NORMAL) for i in range(len(pieces), 32000)]
    (out / "pieces.model").write_bytes(b"".join(pieces))
    yield out
    (out / "model.pt").unlink()  # 800 MB


@pytest.fixture(scope="module")
def siglip(folder: Path) -> mobileclip.Model:
    return mobileclip.create_model(NAME, folder / "model.pt", tokenizer=folder / "pieces.model")


def test_strings_go_through_its_own_tokenizer(siglip: mobileclip.Model, folder: Path) -> None:
    pieces = folder / "pieces.model"
    for tokenizer in (siglip.tokenizer, mobileclip.get_tokenizer(NAME, tokenizer=pieces)):
        assert tokenizer("A cat!").tolist() == [A_CAT]
        assert tokenizer.context_length == 64
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(tokenizer)
    assert same(siglip.encode_text("A cat!"), siglip.encode_text(np.array([A_CAT])))
    (folder / "bad.model").write_bytes(b"no model")
    with pytest.raises(mobileclip.Error, match="bad.model") as caught:
        mobileclip.get_tokenizer(NAME, tokenizer=folder / "bad.model")
    assert caught.value.code == "damaged"


def test_probabilities_are_sigmoids(siglip: mobileclip.Model) -> None:
    images = siglip.encode_image(PICTURES[:2], normalize=True)
    texts = siglip.encode_text(["a cat", "dogs", "a dog"], normalize=True)
    bias = siglip.logit_bias
    assert bias is not None
    logits = siglip.logit_scale * (images.astype(np.float64) @ texts.T.astype(np.float64)) + bias
    probabilities = siglip.probabilities(images, texts)
    assert probabilities.shape == (2, 3)
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-logits)), rtol=1e-6)
    again = mobileclip.sigmoid_probabilities(images, texts, siglip.logit_scale, bias)
    assert same(probabilities, again)


def test_without_pieces_ids_work_and_strings_are_refused(folder: Path) -> None:
    model = mobileclip.create_model(NAME, folder / "model.pt")
    with pytest.raises(FileNotFoundError, match="SentencePiece"):
        model.encode_text("a cat")
    assert model.encode_text(np.array([A_CAT])).shape == (1, model.embed_dim)


def test_other_networks_take_a_softmax(model: mobileclip.Model) -> None:
    images = model.encode_image(PICTURES, normalize=True)
    texts = model.encode_text(["a dog", "a pizza"], normalize=True)
    expected = mobileclip.zero_shot_probabilities(images, texts, model.logit_scale)
    assert model.logit_bias is None
    assert same(model.probabilities(images, texts), expected)
