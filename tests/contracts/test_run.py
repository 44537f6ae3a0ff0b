"""``./run`` installs what the server needs first, and says in one sentence why it could not."""

from __future__ import annotations

import errno
import os
import runpy
import shutil
import signal
from collections import namedtuple

import pytest

from tests import plain_wheel
from tests.checkout import ROOT

RUN = runpy.run_path(str(ROOT / "run"), run_name="run")


def test_what_comes_later_is_needed_and_comes_with_nothing_that_is_first():
    needed, later = RUN["requirements"](), {*RUN["LATER"]}
    assert later <= {*needed}
    first = plain_wheel.closure([one for name, one in needed.items() if name not in later])
    assert {"numpy", "fastapi", "duckdb", "setuptools"} <= first
    assert not first & (later | {"pandas", "sympy"})


@pytest.mark.parametrize(
    ("status", "text", "why"),
    [
        (1, f"OSError: [Errno 28] {os.strerror(errno.ENOSPC)}", "TMPDIR (/small) has only 50 MB left"),
        (-signal.SIGKILL, "", "the system ended pip, most likely for lack of memory"),
        (1, "Failed to establish a new connection", "no package index can be reached"),
        (1, "error: something else", "it failed with the message above"),
    ],
)
def test_why_pip_failed_is_one_sentence(monkeypatch, status, text, why):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(RUN["tempfile"], "gettempdir", lambda: "/small")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage((50 if folder == "/small" else 5_000) << 20))
    cause, cure = RUN["trouble"](status, text)
    assert cause == why
    assert cure.endswith("start ./run again, which goes on from there")
    assert ("set TMPDIR to a folder with 1,024 MB" in cure) == ("TMPDIR" in why)
