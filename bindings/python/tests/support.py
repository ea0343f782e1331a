"""What the tests share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[3]
PICTURES = [ROOT / "examples" / f"openmoji-{x}.png" for x in ("dog", "guitar", "pizza", "rocket")]
Floats = npt.NDArray[np.float32]


def same(a: npt.NDArray[np.generic], b: npt.NDArray[np.generic]) -> bool:
    """Bit for bit, NaN included."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
