"""`pluriscope` without a command: the server and one worker, each a process of its own, for as long as both run."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.cli.reading import read_settings
from app.cli.terminal import DONE, TROUBLE, Refusal, remark

if TYPE_CHECKING:
    from app.settings import Settings

STARTUP_SECONDS: Final = 600  # the first start takes in networks and studies, on a machine that may be busy
FAREWELL_SECONDS: Final = 15
_EVERY_ADDRESS: Final = ("", "0.0.0.0", "::")  # noqa: S104  compared with, not listened on

# -P: the folder in which somebody calls us is no place to import from
_COMMAND: Final = (sys.executable, "-P", "-m", "app.cli")


def serve_and_work(*, port: int | None = None, data: Path | None = None) -> int:
    """Run the server and one worker until one of them ends or we are asked to stop.

    Args:
        port: port to listen on; that of the settings if None.
        data: folder for everything that is written; that of the settings if None.

    Returns:
        0 after Ctrl-C or another request to stop, 1 if the server or the worker ended by itself.

    Raises:
        Refusal: a setting is out of range, or the port is taken.
    """
    settings = read_settings(port=port, data=data and data.expanduser())
    host = "127.0.0.1" if settings.host in _EVERY_ADDRESS else settings.host
    if _answers(host, settings.port):
        other = settings.port + 1 if settings.port < 65_535 else 8_001
        raise Refusal(
            f"port {settings.port} is taken. Choose another: pluriscope --port {other}, or PORT={other} ./run.",
            TROUBLE,
        )
    remark(f"data folder: {settings.data.absolute()}")
    stopping: list[int] = []
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _frame: stopping.append(number))
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        children["server"] = _start("serve", settings)
        deadline = time.monotonic() + STARTUP_SECONDS
        while not stopping and not _is_healthy(host, settings):
            if _has_ended(children):
                return TROUBLE
            if time.monotonic() > deadline:
                remark(f"the server did not answer within {STARTUP_SECONDS} s")
                return TROUBLE
            time.sleep(0.1)
        if not stopping:
            children["worker"] = _start("work", settings)
            shown = f"[{host}]" if ":" in host else host
            remark(f"ready: http://{shown}:{settings.port}{settings.prefix} (Ctrl-C stops it)")
        while not stopping:
            if _has_ended(children):
                return TROUBLE
            time.sleep(0.2)
        remark("stopping")
        return DONE
    finally:
        _stop(children.values())


def _start(command: str, settings: Settings) -> subprocess.Popen[bytes]:
    """One of our own commands, in a session of its own: Ctrl-C reaches us only, and we pass it on once."""
    chosen = {"PLURISCOPE_DATA": str(settings.data.absolute()), "PLURISCOPE_PORT": str(settings.port)}
    return subprocess.Popen(  # noqa: S603
        [*_COMMAND, command],
        env={**os.environ, **chosen},
        start_new_session=os.name == "posix",
        preexec_fn=_ending_with_parent() if sys.platform == "linux" else None,
    )


def _ending_with_parent() -> Callable[[], object]:
    """What a child on Linux calls to be told to end when the parent is gone, even if it was killed."""
    # looked up here: a child that is not yet the other program may not load anything, or it could wait for ever
    return partial(ctypes.CDLL(None).prctl, 1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def _is_healthy(host: str, settings: Settings) -> bool:
    import http.client  # with the mail it reads headers by, a twentieth of the start of every command

    try:
        connection = http.client.HTTPConnection(host, settings.port, timeout=2)
        connection.request("GET", settings.prefix + "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def _has_ended(children: dict[str, subprocess.Popen[bytes]]) -> bool:
    for name, child in children.items():
        if child.poll() is not None:
            remark(f"the {name} ended with status {child.returncode}; stopping")
            return True
    return False


def _stop(children: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ask the children to end, and end those that do not."""
    children = list(children)
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + FAREWELL_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            remark(f"process {child.pid} did not end in {FAREWELL_SECONDS} s; killing it")
            child.kill()
