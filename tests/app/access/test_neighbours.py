"""Tests of whose program connects from this machine: real connections, of our own user and of another."""

import os
import socket
import subprocess
from contextlib import closing, contextmanager
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from pluriscope.app.access.callers import caller_of, needs_login
from pluriscope.app.access.neighbours import Neighbours
from pluriscope.app.settings import Settings

NOBODY = 65_534
HERE = Neighbours.here()
pytestmark = pytest.mark.skipif(HERE is None, reason="this system does not tell whose a connection is")
BASH = ("/bin/bash", "-c", 'exec 3<>"/dev/tcp/$0/$1"; read -u 3')


@contextmanager
def connected(user=None, host="127.0.0.1"):
    """Our end of a connection that another process began, and the address of the other."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as ours:
        port = str(ours.getsockname()[1])
        process = subprocess.Popen([*BASH, host, port], user=user)
        try:
            connection, address = ours.accept()
            with closing(connection):
                yield connection.getsockname(), address
        finally:
            process.wait(10)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_our_own_programs_are_trusted(host):
    with connected(host=host) as (ours, theirs):
        assert HERE.user_of(theirs, ours) == os.getuid()
        assert HERE.trusts(theirs, ours)
        assert not Neighbours(frozenset({NOBODY})).trusts(theirs, ours)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start programs of another user")
def test_a_program_of_another_user_is_not(monkeypatch):
    with connected(NOBODY) as (ours, theirs):
        assert HERE.user_of(theirs, ours) == NOBODY
        assert not HERE.trusts(theirs, ours)
        assert asked(theirs, ours, HERE) == ""


def test_what_is_closed_or_never_was_is_nobodys():
    with socket.create_server(("127.0.0.1", 0)) as ours:
        other = socket.create_connection(ours.getsockname())
        connection, address = ours.accept()
        other.close()  # while its connection lives on
        with connection:
            assert HERE.user_of(address, connection.getsockname()) is None
            assert not HERE.trusts(address, connection.getsockname())
    for pair in ((("127.0.0.1", 1), ("127.0.0.1", 2)), (("::1", 1), ("127.0.0.1", 2)), (("", 1), ()), (("x", 1), "y")):
        assert not HERE.trusts(*pair)


def test_a_program_that_speaks_ipv6_for_ipv4_is_found():
    with socket.create_server(("127.0.0.1", 0)) as ours, socket.socket(socket.AF_INET6) as other:
        other.connect(("::ffff:127.0.0.1", ours.getsockname()[1]))
        connection, address = ours.accept()
        with connection:
            assert HERE.user_of(address, connection.getsockname()) == os.getuid()


def asked(client, server, neighbours, **given):
    """Reason why whoever sends a change over a connection may."""
    state = SimpleNamespace(settings=Settings(**given), neighbours=neighbours)
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "http_version": "1.1"}
    scope |= {"client": client, "server": server, "headers": [(b"host", b"127.0.0.1")]}
    return caller_of(Request({**scope, "app": SimpleNamespace(state=state)})).by


def test_who_is_on_this_machine_is_asked_of_the_kernel():
    with connected() as (ours, theirs):
        assert asked(theirs, ours, HERE) == "local"
        assert asked(theirs, ours, Neighbours(frozenset({NOBODY}))) == ""
        assert asked(theirs, ours, None) == "local"  # where it does not tell
        assert asked(theirs, ours, HERE, trust_local=False) == ""
        assert asked(theirs, ours, HERE, trusted_proxies="127.0.0.1") == ""


def test_who_needs_a_login():
    assert not needs_login(Settings())
    for given in ({"host": "0.0.0.0"}, {"trust_local": False}, {"prefix": "/x"}):  # noqa: S104
        assert needs_login(Settings(**given)), given


@pytest.mark.slow
def test_the_server_that_is_started_asks_the_kernel(tmp_path, monkeypatch):
    import uvicorn

    from pluriscope.app.cli.server import serve

    served = []
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path))
    monkeypatch.setattr("pluriscope.app.main.settle", lambda app: None)
    monkeypatch.setattr(uvicorn, "run", lambda app, **_: served.append(app.state.neighbours))
    serve(no_bundled=True)
    assert served == [HERE]
