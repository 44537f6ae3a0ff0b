"""An application asked within this process."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI

from app.offline.client import InProcess


def stop() -> None:
    raise KeyboardInterrupt


def test_an_answer_on_its_way_ends_with_a_request_to_stop():
    ended: list[str] = []

    async def answer() -> None:
        asyncio.get_running_loop().call_soon(stop)  # as a signal while the loop waits
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
