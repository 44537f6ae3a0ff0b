"""A server that a measurement may do anything with: a process over a copy of a data folder, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

ROOT: Final = Path(__file__).resolve().parents[1]
TOKEN: Final = "a-token-for-measuring-only"  # noqa: S105  of a server that lives as long as the measurement
COMMAND: Final = (sys.executable, "-m", "pluriscope.app.cli")
START_SECONDS: Final = 600.0  # on a busy machine


@dataclass(frozen=True)
class OwnServer:
    """The server.

    Args:
        url: scheme, host and port.
        process: of the server.
        environment: for further processes over the same folder.
        output: what the server writes to its log.
    """

    url: str
    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]
    output: Path


@contextmanager
def server_on_copy(data: Path | None, **extra: str) -> Iterator[OwnServer]:
    """A server on a copy of a data folder, or on a new one with the bundled networks, analysed first.

    Args:
        data: a folder with an SQLite store that nobody writes to at the moment.
        extra: further variables of its environment.
    """
    # whoever ends the measurement ends the server too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="pluriscope-measured-") as folder:
        copy = Path(folder) / "data"
        copy.mkdir()
        if data is not None:
            for file in data.glob("pluriscope.sqlite*"):
                shutil.copy(file, copy)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "PLURISCOPE_DATA": str(copy),
            "PLURISCOPE_TOKEN": TOKEN,
            **extra,
        }
        log = Path(folder) / "output.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*COMMAND, "serve", "--port", str(port)], env=environment, stdout=output, stderr=output
            )
        server = OwnServer(f"http://127.0.0.1:{port}", process, environment, log)
        try:
            _await(server)
            if data is None:
                subprocess.run([*COMMAND, "work", "--until-idle"], env=environment, check=True)
            yield server
        finally:
            process.terminate()
            process.wait(30)


def _await(server: OwnServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/health", timeout=5).status_code == 200:
                return
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended: {server.output.read_text()[-1000:]}")
        time.sleep(0.2)
    raise RuntimeError("the server does not answer")
