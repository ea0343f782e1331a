"""Threads, processes and the GIL."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

import numpy as np
import pytest

import mobileclip
from support import PICTURES, Floats, same


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_share_a_model(threads: int, images: Floats) -> None:
    model = mobileclip.create_model("mobileclip_nano", threads=threads, batch=2)
    texts = model.encode_text(["a dog", "a pizza"])

    def work(turn: int) -> bool:
        if turn % 2:
            return same(model.encode_text(["a dog", "a pizza"]), texts)
        return same(model.encode_image(PICTURES), images)

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(24)))


def silence(compute: Callable[..., object], *arguments: object) -> float:
    """compute() in a thread; the longest time that this one waited for its turn meanwhile, as a
    share of all: nearly 1 if the other held the GIL, nearly 0 if not."""
    thread = threading.Thread(target=compute, args=arguments)
    start = last = time.monotonic()
    longest = 0.0
    thread.start()
    while thread.is_alive():
        time.sleep(0.002)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    return longest / (last - start)


def test_the_gil_is_free_during_one_long_call(
    model: mobileclip.Model, preprocess: mobileclip.Preprocess
) -> None:
    """One call into the compiled part, no Python in between."""
    core = model._core
    pixels = np.repeat(preprocess(PICTURES[0])[None], 8, axis=0)
    start = time.monotonic()
    core.encode_pixels(pixels, False)
    seconds = time.monotonic() - start
    long = np.repeat(pixels, max(1, int(1 / seconds)), axis=0)  # about a second
    assert silence(core.encode_pixels, long, False) < 0.5
    paths = tuple(mobileclip._core.Image.from_path(os.fsencode(PICTURES[0])) for _ in long)
    assert silence(core.encode_images, paths, False) < 0.5
    ids = np.repeat(model.tokenizer("a dog").astype(np.int32), 4 * len(long), axis=0)
    assert silence(core.encode_ids, ids, False) < 0.5
    texts = [b"a photo of a dog, &amp; more \xe2\x80\xa6 " * 20] * 3000
    assert silence(model.tokenizer._core, texts) < 0.5


def test_that_measure_notices_a_held_gil() -> None:
    """To sort a list takes a second, and the GIL all the while."""
    numbers = np.random.default_rng(0).permutation(2_000_000).tolist()
    assert silence(sorted, numbers) > 0.5


def in_child(work: Callable[[], int]) -> int:
    """work() in a forked process; what it returns, or 99 if it never does."""
    process = os.fork()
    if process == 0:
        code = 98
        try:
            code = work()
        finally:
            os._exit(code)
    for _ in range(600):
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.1)
    os.kill(process, 9)
    os.waitpid(process, 0)
    return 99


def test_a_forked_process_is_told_to_load_its_own(images: Floats) -> None:
    mine = [mobileclip.create_model("mobileclip_nano", threads=2)]

    def work() -> int:
        try:
            mine[0].encode_image(PICTURES)
            return 1
        except ValueError as error:
            if "forked" not in str(error):
                return 2
        mine.clear()  # frees the model without waiting for threads that are not there
        own = mobileclip.create_model("mobileclip_nano", threads=2)
        return 0 if same(own.encode_image(PICTURES), images) else 3

    assert in_child(work) == 0
    assert same(mine[0].encode_image(PICTURES), images)


AT_EXIT = """
import os, sys, threading, time
import mobileclip
model = mobileclip.create_model("mobileclip_nano", threads=2)
def work():
    while True:
        model.encode_text(["a dog"] * 64)
threading.Thread(target=work, daemon=True).start()
time.sleep(0.2)
"""


@pytest.mark.parametrize(
    "end", ["", "process = os.fork()\nsys.exit(os.waitpid(process, 0)[1] if process else 0)"]
)
def test_python_exits_while_a_thread_computes(end: str) -> None:
    """Such a thread is not torn out of the C++ code; nor does a forked process wait for it."""
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", AT_EXIT + end], capture_output=True,
                              timeout=120)  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
