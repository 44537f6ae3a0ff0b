"""The shelf is as large as it may be, and what was asked for longest ago goes first."""

from app.cache.answers import EACH, KeptAnswer, Shelf
from app.db.traces import Trace


def answer(size=1_000):
    return KeptAnswer([], b"x" * size, b'W/"t"', None, Trace(), 1, 0.0)


def test_what_was_asked_for_longest_ago_goes_first():
    shelf = Shelf(3 * (EACH + 1_000) + 100)
    for key in "abc":
        shelf.put(key, answer())
    assert shelf.get("a")
    shelf.put("d", answer())
    assert [key for key in "abcd" if shelf.get(key)] == ["a", "c", "d"]
    assert shelf.n_bytes <= shelf.most


def test_what_is_larger_than_the_shelf_is_not_kept_and_removes_what_stood_there():
    shelf = Shelf(5_000)
    shelf.put("a", answer())
    shelf.put("b", answer())
    shelf.put("a", answer(10_000))
    assert shelf.get("a") is None
    assert shelf.get("b")


def test_what_grows_is_counted_anew():
    shelf = Shelf(2 * (EACH + 1_000) + 500)
    first = answer()
    shelf.put("a", answer())
    shelf.put("b", first)
    first.packed = b"y" * 600
    shelf.put("b", first)
    assert shelf.get("a") is None
    assert shelf.get("b") is first
    shelf.drop("b")
    assert (shelf.n_bytes, len(shelf)) == (0, 0)
