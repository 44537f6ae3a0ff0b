"""The live view's messages in a real kernel: each view answers what is asked of its own result."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty

import pytest
from jupyter_client.manager import start_new_kernel

from tests.checkout import ROOT

pytestmark = pytest.mark.slow
VIEW = "application/vnd.jupyter.widget-view+json"
CELL = """
import pluriscope
from tests.factories import pretrained_xor
results = [pluriscope.explain(pretrained_xor(), task=task) for task in ("XOR", "OR")]
for result in results:
    display(result)
"""


class Front:
    """Front end of a notebook with its kernel."""

    def __init__(self, kernel):
        self._kernel, self.views = kernel, []

    def heard(self, kind, parent=None):
        """The next message of a kind."""
        while True:
            message = self._kernel.get_iopub_msg(timeout=120)
            if message["msg_type"] == kind and parent in (None, message["parent_header"].get("msg_id")):
                return message

    def send(self, kind, **content):
        message = self._kernel.session.msg(kind, content)
        self._kernel.shell_channel.send(message)
        return message["header"]["msg_id"]

    def ask(self, view, url):
        content = {"id": 7, "url": url, "headers": {"accept": "*/*"}}
        return self.send("comm_msg", comm_id=view, data={"method": "custom", "content": content})

    def answer(self, parent):
        message = self.heard("comm_msg", parent)
        reply = message["content"]["data"]["content"]
        assert reply["id"] == 7
        return reply, b"".join(map(bytes, message["buffers"]))


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT), prepend=":")
        manager, kernel = start_new_kernel(kernel_name="python3", cwd=str(tmp_path_factory.mktemp("notebook")))
    try:
        front = Front(kernel)
        cell, ended, front.shown = kernel.execute(CELL), False, []
        while not ended:
            message = kernel.get_iopub_msg(timeout=120)
            kind, content = message["msg_type"], message["content"]
            assert kind != "error", content
            ended = content.get("execution_state") == "idle" and message["parent_header"]["msg_id"] == cell
            progress = content.get("transient", {}).get("display_id")  # which a slow machine shows, and it goes
            if kind == "display_data" and {"text/html", VIEW} & {*content["data"]} and not progress:
                front.shown.append(content["data"])
            if kind == "comm_open" and "_esm" in content["data"].get("state", {}):
                front.views.append((content["comm_id"], content["data"]["state"]))
        yield front
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_result_shows_a_picture_and_then_its_view(front):
    (first, _), (second, _) = front.views
    shown = [one[VIEW]["model_id"] if VIEW in one else "picture" for one in front.shown]
    assert shown == ["picture", first, "picture", second]
    for picture, (_, state) in zip(front.shown[::2], front.views, strict=True):
        assert f'id="{state["picture"]}"' in picture["text/html"]
        assert "run the cell" in picture["text/html"]


def test_each_view_answers_of_its_own_result(front):
    for (view, state), task in zip(front.views, (b"XOR", b"OR"), strict=True):
        reply, body = front.answer(front.ask(view, state["address"]))
        assert (reply["status"], b"it answers " + task in body) == (200, True)


def test_a_page_can_only_read_and_reaches_no_other_host(front):
    view, state = front.views[0]
    for url in ("http://elsewhere.example" + state["address"], state["address"]):
        reply, _ = front.answer(front.ask(view, url))
        assert reply["status"] == 200
    assert front.answer(front.ask(view, "/../../etc/passwd"))[0]["status"] == 404
    content = {"id": 7, "url": "/networks", "headers": {}, "method": "POST", "body": "x"}
    reply, _ = front.answer(front.send("comm_msg", comm_id=view, data={"method": "custom", "content": content}))
    assert reply["status"] == 200  # the list, as without a method


def test_what_goes_wrong_is_said(front):
    reply, body = front.answer(front.ask(front.views[0][0], "/networks/\u00e9"))
    assert (bool(reply.get("error")), body) == (True, b"")


def test_a_closed_view_is_silent_and_the_others_go_on(front):
    (closed, state), (other, its) = front.views
    front.send("comm_close", comm_id=closed, data={})
    asked = front.ask(closed, state["address"])
    assert front.answer(front.ask(other, its["address"]))[0]["status"] == 200
    answered = []
    with suppress(Empty):
        while True:
            message = front._kernel.get_iopub_msg(timeout=0.5)
            answered.append(message["msg_type"] == "comm_msg" and message["parent_header"]["msg_id"])
    assert asked not in answered
