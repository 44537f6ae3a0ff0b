"""What is asked for in a large store is every address whose work may depend on its size, and it is told."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import compile_path

from app.main import ROUTERS, create_app
from app.routes import moved
from app.settings import Settings
from benchmarks.large_addresses import NOT_OF_SIZE, PARTS, Names
from benchmarks.large_pages import LOOPBACK, measure, names_of
from benchmarks.large_store import populate_alone, save_alone
from benchmarks.large_table import markdown, summary
from tests.browser.pages_table import PAGES

NAMES = Names(
    network="large",
    mask="0f",
    algorithm="a" * 16,
    alignment="b" * 16,
    gate="gate=1-0%3AOR",
    six="&".join(f"e=c-0{k}" for k in range(6)),
    mixed="e=c-01&e=i-01.0",
    job="j1",
    study="large",
    pair="n=" + "a" * 12 + "&n=" + "b" * 12,
)
ADDRESSES = [unquote(address.partition("?")[0]) for part in PARTS for address in NAMES.addresses(part)]
PATHS = sorted(
    {
        route.path
        for router in ROUTERS
        if router is not moved.router  # these lead on
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    }
)


def _asked_for(path: str) -> bool:
    pattern, _, _ = compile_path(path)
    return any(pattern.match(address) for address in ADDRESSES)


def _left_out(path: str) -> bool:
    return any(path.startswith(start[:-1]) if start.endswith("*") else path == start for start in NOT_OF_SIZE)


def test_every_route_is_asked_for_or_left_out_with_a_reason():
    assert [path for path in PATHS if not _asked_for(path) and not _left_out(path)] == []


def test_nothing_is_left_out_that_is_not_there():
    gone = [start for start in NOT_OF_SIZE if not any(path.startswith(start.rstrip("*")) for path in PATHS)]
    assert gone == []


def test_every_page_of_a_network_in_the_table_of_pages_is_among_them():
    patterns = [(path, compile_path(path)[0]) for path in PATHS]
    shown = {address.partition("?")[0] for address in PAGES.values() if address.startswith(("/networks/", "/compare"))}
    for page in shown:
        path = next((path for path, pattern in patterns if pattern.match(page.replace("{", "").replace("}", ""))), "")
        assert path, page
        assert _asked_for(path) or _left_out(path), page


def test_the_tables_have_every_page_and_the_slowest_of_the_others():
    def one(part: str, address: str, p95: float) -> dict[str, object]:
        numbers = dict.fromkeys(("p50", "processor", "processor_p95", "first"), 7.4)
        return {"part": part, "address": address, "p95": p95, **numbers}

    text = markdown(
        [
            one("page", "/networks/large", 40.4),
            one("page", f"/compare?network=large&{NAMES.six}", 20.0),
            one("list", "/networks/large/circuits?sort=mask", 30.0),
            one("list", "/networks/large/circuits?sort=edges", 130.0),
            one("list", "/networks/large/circuits?limit=200", 60.0),
            one("twin", "/api/v1/gallery", 3.0),
            {**one("picture", "/oembed", 3.0), "processor_p95": 240.0},
        ]
    )
    assert "| `/networks/large` | 7 | 40 | 7 | 7 | 7 |" in text
    assert markdown([one("page", f"/compare?network=large&{NAMES.mixed}", 1.0)]).count("(2 chosen of 2 kinds)") == 1
    assert "| `/compare` (6 chosen) | 7 | 20 | 7 | 7 | 7 |" in text
    assert "| lists of circuits | 2 | `/networks/large/circuits` (sort=edges) | 7 | 130 | 7 | 7 | 7 |" in text
    assert "| lists of circuits, 200 on a page | 1 |" in text
    assert "Over 100 ms at p95 are 1 of 7 addresses by the clock, and 1 of the processor's time: `/oembed` 240." in text


def test_requests_are_told_together_and_those_at_full_pace():
    every, quick = summary(
        [
            {"requests": [(20.0, 21.0, 4.0), (30.0, 33.0, 4.4)]},
            {"requests": [(90.0, 101.0, 4.5), (150.0, 170.0, 7.0)]},
        ]
    ).splitlines()
    assert every == (
        "4 requests: by the clock median 67 ms, p95 170, above 100 ms 2 (50.0%); "
        "of the processor median 60 ms, p95 150, above 100 ms 1 (25.0%)"
    )
    assert quick.startswith("of these at full pace (4.0 of 4.0 to 7.0 ms")
    assert quick.endswith(
        "3 requests: by the clock median 33 ms, p95 101, above 100 ms 1 (33.3%); "
        "of the processor median 30 ms, p95 90, above 100 ms 0 (0.0%)"
    )


def test_what_an_address_took_is_kept_request_by_request():
    app = FastAPI()
    app.get("/")(lambda: "nothing")
    with TestClient(app) as client:
        timing = measure(client, "/", 3)
    assert len(timing.requests) == 3
    assert all(number > 0 for request in timing.requests for number in request)
    of_processor, by_clock, _ = zip(*timing.requests, strict=True)
    assert (sorted(of_processor)[1], sorted(by_clock)[1]) == (timing.processor, timing.p50)


@pytest.mark.slow
def test_every_address_answers_in_a_small_store(tmp_path):
    """As the benchmark asks for them; what a store of this kind has not must be left out above."""
    save_alone(tmp_path, 200, 20)
    populate_alone(tmp_path, 8)
    app = create_app(Settings(data=tmp_path, computed_per_minute=0))
    with TestClient(app, base_url="http://127.0.0.1", client=LOOPBACK) as client:
        names = names_of(client)
        for address in (address for part in PARTS for address in names.addresses(part)):
            assert client.get(address).status_code == 200, address
