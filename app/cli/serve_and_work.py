"""`pluriscope` without a command: the server and one worker, each a process of its own, for as long as both run."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pluriscope.app.cli.reading import read_settings
from pluriscope.app.cli.terminal import DONE, TROUBLE, Refusal, remark

if TYPE_CHECKING:
    from pluriscope.app.settings import Settings

FAREWELL_SECONDS: Final = 15
_EVERY_ADDRESS: Final = ("", "0.0.0.0", "::")  # noqa: S104  compared with, not listened on

# -P: the folder in which somebody calls us is no place to import from
_COMMAND: Final = (sys.executable, "-P", "-m", "pluriscope.app.cli")


def serve_and_work(*, port: int | None = None, data: Path | None = None) -> int:
    """Run the server and one worker until one of them ends or a signal stops this process.

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
    if _answer(host, settings) is not None:
        other = settings.port + 1 if settings.port < 65_535 else 8_001
        raise Refusal(
            f"port {settings.port} is taken. Choose another: pluriscope --port {other}, or PORT={other} ./run.", TROUBLE
        )
    remark(f"data folder: {settings.data.absolute()}")
    stopping: list[int] = []
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _frame: stopping.append(number))
    children = {"server": _start("serve", settings)}
    try:
        while not stopping:
            for name, child in children.items():
                if child.poll() is not None:
                    remark(f"the {name} ended with status {child.returncode}; stopping")
                    return TROUBLE
            if len(children) == 1 and _answer(host, settings) == 200:
                children["worker"] = _start("work", settings)
                shown = f"[{host}]" if ":" in host else host
                remark(f"ready: http://{shown}:{settings.port}{settings.prefix} (Ctrl-C stops it)")
            time.sleep(0.1)
        remark("stopping")
        return DONE
    finally:
        _stop(children.values())


def _start(command: str, settings: Settings) -> subprocess.Popen[bytes]:
    """Start one of our own commands, in a session of its own: Ctrl-C reaches this process only, which passes it on
    once.
    """
    chosen = {"PLURISCOPE_DATA": str(settings.data.absolute()), "PLURISCOPE_PORT": str(settings.port)}
    return subprocess.Popen(  # noqa: S603
        [*_COMMAND, command],
        env={**os.environ, **chosen},
        start_new_session=os.name == "posix",
        preexec_fn=_ending_with_parent() if sys.platform == "linux" else None,
    )


def _ending_with_parent() -> Callable[[], object]:
    """Function that a child on Linux calls first, so that the kernel ends it when its parent is gone, even if that was
    killed.
    """
    # looked up here: a child that is not yet the other program may not load anything, or it could wait for ever
    return partial(ctypes.CDLL(None).prctl, 1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


def _answer(host: str, settings: Settings) -> int | None:
    """The status that is answered at the port, 0 for no HTTP; None if nobody listens there."""
    import http.client  # with the mail it reads headers by, a twentieth of the start of every command

    connection = http.client.HTTPConnection(host, settings.port, timeout=2)
    try:
        connection.connect()
        connection.request("GET", settings.prefix + "/health")
        return connection.getresponse().status
    except (http.client.HTTPException, TimeoutError):
        return 0
    except OSError:
        return None
    finally:
        connection.close()


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
