"""Tests of progress in a notebook: one line of what is known so far, which goes at the end; an interrupt ends it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from jupyter_client.manager import start_new_kernel

from pluriscope.analysis.running.progress import Progress
from pluriscope.objects.progress import reporting, stopping
from tests.checkout import ROOT

SLOW = """
import pluriscope
from sklearn.neural_network import MLPClassifier

X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
model = MLPClassifier((4, 4), activation="tanh", solver="lbfgs", random_state=2, max_iter=2000).fit(X, y)
early = pluriscope.explain(model, task="XOR", seconds=.2)
"""
"""What takes some seconds to its end."""


def test_outside_a_notebook_nothing_is_shown_and_ctrl_c_is_what_it_was(capfd) -> None:
    before = signal.getsignal(signal.SIGINT)
    with reporting() as show, stopping() as stopped:
        show(Progress("circuits", 1, 1, "2 valid circuits"))
        assert signal.getsignal(signal.SIGINT) is before
        assert not stopped()
    assert "".join(capfd.readouterr()) == ""


def test_a_function_gets_what_is_known_and_each_end() -> None:
    answer: list[str] = []
    with reporting(answer.append) as show:
        for done, total, found in ((0, 2, "begun"), (1, 2, "too soon"), (2, 2, "197 valid circuits"), (1, 1, "")):
            show(Progress("circuits", done, total, found))
    assert answer == ["circuits: begun", "circuits: 197 valid circuits"]


@pytest.fixture(scope="module")
def kernel() -> Iterator[Callable[..., list[dict]]]:
    """Runs code in a kernel of Jupyter, and interrupts it once a text is shown if given one; what the kernel sent."""
    manager, client = start_new_kernel(env={**os.environ, "PYTHONPATH": str(ROOT)})

    def run(code: str, *, interrupt: str | None = None) -> list[dict]:
        asked, found = client.execute(code), []
        while True:
            message = client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return found
            if kind not in ("status", "execute_input"):
                found.append({"kind": kind, **content})
                if interrupt is not None and interrupt in content.get("data", {}).get("text/plain", ""):
                    interrupt = manager.interrupt_kernel()

    try:
        run(SLOW)
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.slow
def test_a_line_of_a_notebook_changes_in_place_and_goes_and_an_interrupt_ends_a_search_with_what_is_known(
    kernel,
) -> None:
    begun, known = time.perf_counter(), "178,695 valid circuits; interpretations: "
    shown = kernel("early = early.continued(seconds=600)", interrupt=known)
    assert time.perf_counter() - begun < 300
    assert [one["kind"] for one in shown][:2] == ["display_data", "update_display_data"]
    assert len({one["transient"]["display_id"] for one in shown}) == 1
    texts = [one["data"].get("text/plain", "") for one in shown]
    assert any(text.startswith(known) for text in texts)
    assert shown[-1]["data"] == {"text/html": ""}
    assert kernel("early.continued(seconds=0.5, report=lambda text: None); None") == []
    assert kernel("early.circuits; None") == []
    (shown,) = kernel("repr(early)")
    assert "178,695 valid circuits" in shown["data"]["text/plain"]


@pytest.mark.slow
def test_an_interrupt_ends_anything_else_at_once(kernel) -> None:
    *_, gone, error = kernel("early.ask('funnel')", interrupt="")
    assert (gone["data"], error["ename"]) == ({"text/html": ""}, "KeyboardInterrupt")
    twice = """
import os, signal
from pluriscope.objects.progress import stopping
with stopping() as stopped:
    os.kill(os.getpid(), signal.SIGINT)
    print(stopped())
    os.kill(os.getpid(), signal.SIGINT)
"""
    said, error = kernel(twice)
    assert (said["text"], error["ename"]) == ("True\n", "KeyboardInterrupt")
