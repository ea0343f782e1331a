"""What was installed: version, names, types, nothing beside it, nothing lost."""

from __future__ import annotations

import ast
import gc
import importlib.metadata
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mobileclip
from support import PICTURES, ROOT

PACKAGE = Path(mobileclip.__file__).parent
EXTENSION = Path(mobileclip._core.__file__)


def test_version_is_that_of_the_library() -> None:
    header = (ROOT / "include/mobileclip/version.h").read_text()
    found = re.search(r'MOBILECLIP_VERSION "(.*)"', header)
    assert found and mobileclip.__version__ == found[1]
    assert importlib.metadata.version("mobileclip") == found[1]


def test_names() -> None:
    names = mobileclip.list_models()
    assert {"mobileclip_s0", "mobileclip_b", "mobileclip_nano"} <= set(names)
    for name in names:
        if "SigLIP" in name:  # its tokenizer is in a file of its own
            with pytest.raises(mobileclip.NotFoundError, match="SentencePiece"):
                mobileclip.get_tokenizer(name)
        else:
            assert mobileclip.get_tokenizer(name).context_length >= 2
    model = mobileclip.create_model(threads=1)
    assert model.name == "mobileclip_nano" and model.warnings == []
    assert 1 < model.logit_scale <= 100
    assert model.logit_bias is None
    assert "mobileclip_nano" in repr(model) and "77" in repr(mobileclip.Tokenizer())
    preprocess = model.preprocess
    assert preprocess.image_size == model.image_size
    assert len(preprocess.mean) == len(preprocess.std) == 3


def test_everything_public_has_a_docstring_and_types() -> None:
    for name in mobileclip.__all__:
        thing = getattr(mobileclip, name)
        if name == "ImageLike":
            continue
        assert inspect.getdoc(thing), name
        for member, value in vars(thing).items() if inspect.isclass(thing) else []:
            if member.startswith("_") and member != "__call__":
                continue
            if callable(value) or isinstance(value, property):
                assert inspect.getdoc(value), f"{name}.{member}"


def test_types() -> None:
    pytest.importorskip("mypy")
    assert (PACKAGE / "py.typed").exists()
    command = [sys.executable, "-m", "mypy", "bindings/python/mobileclip", "bindings/python/tests"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_the_stub_names_what_there_is() -> None:
    def public(thing: object) -> set[str]:
        return {name for name in vars(thing) if name == "__call__" or not name.startswith("_")}

    stub = ast.parse((PACKAGE / "_core.pyi").read_text()).body
    classes = {node.name: node.body for node in stub if isinstance(node, ast.ClassDef)}
    functions = {node.name for node in stub if isinstance(node, ast.FunctionDef)}
    assert functions | set(classes) | {"version"} == public(mobileclip._core)
    for name, body in classes.items():
        members = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        assert members - {"__init__"} == public(getattr(mobileclip._core, name)), name


def test_the_extension_stands_alone() -> None:
    """It holds the library, and shows nothing but its own entry; it binds public headers only."""
    needed = subprocess.run(["readelf", "-dW", EXTENSION], check=True, capture_output=True).stdout
    assert b"NEEDED" in needed and b"mobileclip" not in needed
    assert b"RPATH" not in needed and b"RUNPATH" not in needed
    symbols = subprocess.run(["nm", "-D", "--defined-only", EXTENSION], check=True,
                             capture_output=True).stdout.decode()  # fmt: skip
    assert [line.split()[-1] for line in symbols.splitlines()] == ["PyInit__core"]
    includes = re.findall(r'#include "(.*)"', (ROOT / "bindings/python/module.cc").read_text())
    assert includes and all(name.startswith("mobileclip/") for name in includes)
    assert str(ROOT).encode() not in EXTENSION.read_bytes()


def test_torch_and_pil_are_not_imported() -> None:
    code = "import sys, mobileclip; assert not {'PIL', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd="/")


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_nothing_is_lost_in_10000_calls(
    model: mobileclip.Model, tokenizer: mobileclip.Tokenizer
) -> None:
    text, texts, image = "a photo of a dog " * 8, ["a dog", "a cat"], PICTURES[0].read_bytes()
    rgb = np.zeros((40, 40, 3), np.uint8)
    numbers: Any = [text, 3]

    def once(i: int) -> None:
        tokenizer(text)
        tokenizer(texts)
        with pytest.raises(TypeError):
            tokenizer(numbers)
        if i % 50 == 0:
            model.encode_text(texts)
            model.encode_image([image, rgb])
            with pytest.raises(mobileclip.BatchError):
                model.encode_image([image, rgb, b"none"])

    things = (text, texts, image, rgb, tokenizer, model, mobileclip.Error)
    for i in range(200):
        once(i)
    gc.collect()
    counts = [sys.getrefcount(x) for x in things]
    objects, memory = len(gc.get_objects()), resident()
    for i in range(10_000):
        once(i)
    gc.collect()
    assert [sys.getrefcount(x) for x in things] == counts
    assert len(gc.get_objects()) - objects < 100
    assert resident() - memory < 8 << 20


def test_models_give_their_memory_back() -> None:
    sizes = []
    for _ in range(6):
        model = mobileclip.create_model("mobileclip_nano", threads=2)
        model.encode_image(PICTURES[0])
        del model
        gc.collect()
        sizes.append(resident())
    assert sizes[-1] - sizes[1] < 32 << 20, sizes
