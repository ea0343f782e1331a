"""The Python of docs/python.md runs, in order, and prints what is shown there."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from support import ROOT


def test_docs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs/python.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```\n(?:```\n(.*?)^```\n)?", page, re.M | re.S)
    assert len(blocks) >= 4
    names: dict[str, object] = {}
    for code, shown in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, "docs/python.md", "exec"), names)
        assert out.getvalue() == shown, code
