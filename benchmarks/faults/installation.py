"""One installation as users start it: a server and workers over a folder, each a process that can be killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS: Final = 300.0


class Installation:
    """A folder with its processes.

    Args:
        folder: for the data and the processes' output.
        workers: worker processes, each with one slot.
        lease_seconds: short, so that what a killed worker held is soon taken up.
    """

    def __init__(self, folder: Path, *, workers: int, lease_seconds: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, _free_port()
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PLURISCOPE_DATA": str(folder / "data"),
            "PLURISCOPE_LEASE_SECONDS": str(lease_seconds),
            # a budget of time would let the machine's load decide what is found
            "PLURISCOPE_MAX_CRITERION_SECONDS": "100000",
            "OMP_NUM_THREADS": "1",
        }
        self.output = folder / "output.txt"
        self.processes: dict[str, int] = {}
        self.nursery = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.faults.nursery"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()
        self.commands = {"server": ["serve", "--port", str(self.port), "--no-bundled"]}
        self.commands |= {f"worker {number}": ["work", "--workers", "1"] for number in range(workers)}

    def start(self, name: str) -> None:
        """Start a process, or start it again."""
        order = {"arguments": self.commands[name], "environment": self.environment, "output": str(self.output)}
        assert self.nursery.stdin is not None
        self.nursery.stdin.write(json.dumps(order) + "\n")
        self.nursery.stdin.flush()
        self.processes[name] = int(self._read())

    def _read(self) -> str:
        assert self.nursery.stdout is not None
        line = self.nursery.stdout.readline()
        if not line:
            raise RuntimeError("the nursery has ended; see the output above")
        return line

    def start_all(self) -> None:
        """Start what is not running; the server first, and alone until it answers."""
        self.start("server")
        self.ask("GET", "/health")
        for name in self.commands:
            if name != "server":
                self.start(name)

    def kill(self, name: str, number: int = signal.SIGKILL) -> bool:
        """A signal to a process; whether there was one."""
        try:
            os.kill(self.processes[name], number)
        except ProcessLookupError:
            return False
        return True

    def is_alive(self, name: str) -> bool:
        """Whether a process is there."""
        return Path(f"/proc/{self.processes[name]}/stat").exists()

    def computing(self, name: str) -> list[int]:
        """The computing processes of a worker."""
        found = []
        for task in Path(f"/proc/{self.processes[name]}/task").glob("*/children"):
            try:
                pids = [int(pid) for pid in task.read_text().split()]
                found += [pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
            except OSError:  # it ended while we looked
                continue
        return found

    def kill_computing(self, name: str) -> bool:
        """SIGKILL to a worker's computing process; whether there was one."""
        for pid in self.computing(name):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            return True
        return False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the server until it answers, as a client does whose server may just be starting again.

        Raises:
            RuntimeError: it refuses, or does not answer for five minutes.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, {"content-type": "application/json"}, method=method
        )
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                    return json.loads(answer.read())
            except urllib.error.HTTPError as refusal:
                if refusal.code != 503:
                    raise RuntimeError(f"{method} {path}: {refusal.code} {refusal.read()[:300]!r}") from None
            except (OSError, ValueError):
                pass
            if time.monotonic() > deadline:
                raise RuntimeError(f"{method} {path}: no answer")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether the server answers now."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def close(self) -> None:
        """End everything in order; what does not go is killed."""
        for number, seconds in ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)):
            for name in self.processes:
                self.kill(name, number)
            deadline = time.monotonic() + seconds
            while any(map(self.is_alive, self.processes)) and time.monotonic() < deadline:
                time.sleep(0.05)
        with self.nursery:  # which closes its pipes
            self.nursery.kill()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
