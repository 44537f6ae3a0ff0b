"""Many ask one question; each hears what was asked for after they came."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from app.cache.answers import Rounds


def test_who_comes_during_a_round_is_told_by_the_next():
    began, go = threading.Event(), threading.Event()
    asked = []

    def ask():
        asked.append(len(asked))
        number = asked[-1]
        began.set()
        go.wait(5)
        return number

    async def run():
        rounds = Rounds(ask, ThreadPoolExecutor(1))
        first = asyncio.create_task(rounds.answer())
        await asyncio.to_thread(began.wait, 5)
        later = [asyncio.create_task(rounds.answer()) for _ in range(5)]
        await asyncio.sleep(0.01)
        go.set()
        return await first, await asyncio.gather(*later), rounds.n_rounds

    assert asyncio.run(run()) == (0, 5 * [1], 2)


def test_rounds_do_not_end_with_who_asked_first():
    async def run():
        go = threading.Event()
        rounds = Rounds(lambda: go.wait(5), ThreadPoolExecutor(1))
        first = asyncio.create_task(rounds.answer())
        second = asyncio.create_task(rounds.answer())
        await asyncio.sleep(0.01)
        first.cancel()
        go.set()
        return await second

    assert asyncio.run(run()) is True
