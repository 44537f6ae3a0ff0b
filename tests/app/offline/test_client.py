"""An application asked within this process."""

from __future__ import annotations

import asyncio
import signal

import pytest
from fastapi import FastAPI

from app.offline.client import InProcess


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def stop(request):
    """Asks this process to stop, as a signal does at whatever moment."""

    def handle(number, frame):
        raise KeyboardInterrupt

    former = signal.signal(request.param, handle)
    yield lambda: signal.raise_signal(request.param)
    assert signal.getsignal(request.param) is handle
    signal.signal(request.param, former)


def test_an_answer_on_its_way_ends_with_a_request_to_stop(stop):
    ended: list[str] = []

    async def answer() -> None:
        asyncio.get_running_loop().call_soon(stop)  # while the loop waits
        try:
            await asyncio.sleep(300)
        finally:
            ended.append("answer")

    app = FastAPI()
    app.get("/page")(answer)
    with InProcess(app) as site:
        with pytest.raises(KeyboardInterrupt):
            site.get("/page")
        assert ended == ["answer"]


def test_a_request_to_stop_takes_no_step_from_the_event_loop(stop, monkeypatch):
    """Raised between the taking of a step and its running, it would leave a task that nobody can end."""
    running, stopped = asyncio.Handle._run, []

    def stop_first(handle):
        if steps and not stopped:
            stopped.append(True)
            stop()
        return running(handle)

    steps: list[str] = []

    async def answer() -> None:
        steps.append("begun")
        await asyncio.sleep(0)  # goes on with the next step, which the request comes before

    app = FastAPI()
    app.get("/page")(answer)
    monkeypatch.setattr(asyncio.Handle, "_run", stop_first)
    with InProcess(app) as site, pytest.raises(KeyboardInterrupt):
        site.get("/page")
    assert stopped
