"""`pluriscope` without a command, with two small programs in place of the server and the worker."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.app.cli.test_analyse import refused, run
from tests.checkout import ROOT

STAND_IN = """
    import os, signal, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from pathlib import Path

    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

    data = Path(os.environ["PLURISCOPE_DATA"])
    data.mkdir(exist_ok=True)
    (data / sys.argv[1]).write_text(str(os.getpid()))
    if sys.argv[1] == "serve":
        HTTPServer(("127.0.0.1", int(os.environ["PLURISCOPE_PORT"])), Healthy).serve_forever()
    signal.pause()
"""

PROGRAM = """
    import sys
    from pluriscope.app.cli import main, serve_and_work
    serve_and_work._COMMAND = (sys.executable, sys.argv.pop(1))
    main()
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def together(tmp_path, port, own_environment):
    """The two, started, and the folder in which each wrote its process number."""
    stand_in = tmp_path / "stand_in.py"
    stand_in.write_text(textwrap.dedent(STAND_IN))
    data = tmp_path / "chosen"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), stand_in, "--port", str(port), "--data", data],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PLURISCOPE_DATA": str(tmp_path / "not this one")},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = ""
        while "ready" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        assert said.startswith(f"data folder: {data}\n")
        assert f"ready: http://127.0.0.1:{port} " in said
        yield process, data
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def pid_in(path: Path) -> int:
    while not (path.exists() and path.read_text()):
        time.sleep(0.01)
    return int(path.read_text())


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(("ended", "other", "name"), [("serve", "work", "server"), ("work", "serve", "worker")])
def test_when_one_ends_the_other_is_stopped(together, ended, other, name):
    process, data = together
    left = pid_in(data / other)
    os.kill(pid_in(data / ended), signal.SIGKILL)
    assert process.wait(300) == 1
    assert f"the {name} ended with status -9" in process.stderr.read()
    assert not is_there(left)


@pytest.mark.slow
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_both_are_stopped_on_request(together, asked):
    process, data = together
    children = [pid_in(data / name) for name in ("serve", "work")]
    process.send_signal(asked)
    assert process.wait(300) == 0
    assert not any(map(is_there, children))


def test_a_taken_port_is_refused_before_anything_is_started(capsys, tmp_path, own_environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run("--port", port, "--data", tmp_path / "data") == 1
    assert capsys.readouterr().err == (
        f"pluriscope: port {port} is taken. Choose another: pluriscope --port {port + 1}, or PORT={port + 1} ./run.\n"
    )
    assert not (tmp_path / "data").exists()


def test_options_of_the_whole_are_refused_before_a_command(capsys):
    assert "--port and --data before 'work'" in refused(capsys, "--port", "8001", "work")
