"""Schedulers and workers of dask in processes of their own, as people start them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parents[1]
PATH = os.pathsep.join((str(HERE.parents[1]), str(HERE)))
"""Where Pluriscope and this plugin are."""
OTHER_VERSION = "import pluriscope.analysis as a; a.ENGINE_VERSION = '9.9'"
WITHOUT_PLURISCOPE = "import sys; sys.modules['pluriscope'] = None"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def started(
    arguments: Sequence[str], folder: Path, *, first: str = "", environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program of dask.

    Args:
        arguments: such as "scheduler", "--port", "8786".
        folder: what it writes.
        first: what it runs before anything else, in Python.
    """
    place = folder / f"{arguments[0]}-{time.monotonic_ns()}"
    place.mkdir()
    (place / "sitecustomize.py").write_text(first)
    environment = {**os.environ, **(environment or {}), "PYTHONPATH": f"{place}{os.pathsep}{PATH}"}
    with (place / "log").open("wb") as log:
        command = [sys.executable, "-m", "dask", *arguments, "--dashboard-address", "127.0.0.1:0"]
        process = subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def scheduler(folder: Path, *, port: int = 0, scheme: str = "tcp", **options) -> Iterator[tuple[str, subprocess.Popen]]:
    """A scheduler's address, once it answers, and its process."""
    port = port or free_port()
    arguments = ("scheduler", "--host", f"{scheme}://127.0.0.1:{port}")
    with started(arguments, folder, **options) as process:
        for _ in range(200):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"{scheme}://127.0.0.1:{port}", process


@contextmanager
def worker(address: str, folder: Path, *more: str, **options) -> Iterator[subprocess.Popen]:
    """A worker of a scheduler, with one thread, and its process: the one that starts another when it is lost."""
    with started(("worker", address, "--host", "127.0.0.1", "--nthreads", "1", *more), folder, **options) as process:
        yield process
