"""Tests of what is kept in the process: made once for all who ask at once, and dropped where there is no room."""

import time
from concurrent.futures import ThreadPoolExecutor

from pluriscope.processes.recent import Recent


def test_who_asks_while_it_is_made_waits_for_it():
    kept, made = Recent[int](1), []

    def make() -> int:
        made.append(kept.of("inner", lambda: 1))
        time.sleep(0.01)  # so that the others come meanwhile
        return 7

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: kept.of("key", make), range(8)))
    assert (answers, made) == ([7] * 8, [1])


def test_what_was_asked_for_longest_ago_goes_first():
    kept = Recent[str](5, len)
    for text in ("abc", "de", "f"):
        kept.put(text, text)
    assert [kept.get(text) for text in ("abc", "de", "f")] == [None, "de", "f"]
