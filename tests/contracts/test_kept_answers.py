"""What answers depend on is what they are kept by: the program is searched for what else it might look at."""

import re
from pathlib import Path

import pytest

from app.cache.question import SEEN

ROOT = Path(__file__).resolve().parents[2]
READERS = [path for part in ("routes", "pages", "figures") for path in sorted((ROOT / "app" / part).rglob("*.py"))] + [
    ROOT / "app" / name for name in ("rendering.py", "errors.py", "error_answers.py", "guarded_forms.py")
]

# read only where something is changed, or at addresses that are never kept, or beside the key
ELSEWHERE = {
    ("bring_in.py", "content-type"): "of what is sent",
    ("cards.py", "if-none-match"): "tags are compared for all routes in one place",
    ("changes.py", "host"): "in the key",
    ("changes.py", "referer"): "where to go back to after a change",
    ("health.py", "accept"): "never kept",
    ("visitors.py", "authorization"): "whoever shows one is answered by the routes",
}


def sources():
    return [(path, path.read_text()) for path in READERS if path.exists()]


def headers_read(source: str) -> set[str]:
    """Names of headers that a file reads of requests."""
    holder = r"(?:request\.headers|\bheaders)" if re.search(r"= request\.headers\n", source) else r"request\.headers"
    found = re.findall(rf"{holder}\.get\(\s*\"([\w-]+)\"|\"([\w-]+)\" (?:not )?in {holder}", source)
    found += [(name, "") for name in re.findall(r"request\.headers\[\"([\w-]+)\"\]", source)]
    return {(one or other).lower() for one, other in found if one or other}


@pytest.mark.slow
def test_no_answer_depends_on_a_header_that_it_is_not_kept_by():
    read = {(path.name, name) for path, source in sources() for name in headers_read(source)}
    assert ("rendering.py", "hx-request") in read, "the search finds nothing any more"
    assert {one for one in read if one[1].encode() not in SEEN} <= set(ELSEWHERE)
    assert set(ELSEWHERE) <= read, "what is no longer read needs no exception"


@pytest.mark.slow
def test_pages_ask_for_the_time_in_one_place():
    """So that an answer which shows it is kept for a moment only."""
    clocks = re.compile(r"datetime\.(?:now|today|utcnow)\(|\btime\.(?:time|localtime|gmtime)\(|date\.today\(")
    own = {"depends.py", "job_feed.py"}  # the one place; and the feed, whose streams are not kept
    found = {path.name for path, source in sources() if clocks.search(source)}
    reads = {path.name for path in (ROOT / "app" / "db" / "reads").rglob("*.py") if clocks.search(path.read_text())}
    assert found == own
    assert not reads


def test_pages_start_no_threads_that_read_unnoticed():
    threads = re.compile(r"ThreadPoolExecutor|threading\.Thread\(|ProcessPoolExecutor|run_in_executor")
    assert not {path.name for path, source in sources() if threads.search(source)}
