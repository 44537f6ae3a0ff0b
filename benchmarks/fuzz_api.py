"""``python -m benchmarks.fuzz_api``: schemathesis against every operation of the API; no answer may be a 5xx.

Cases are made from ``/api/v1/openapi.json``: half of them as the description allows, half against it. Random text names
no network, so most parts of paths, and some options, are taken from what the store really holds; else everything would
end at the first "not found". Two kinds of answer are expected beyond 499 and counted apart: 501 where a form needs a
library that is not installed, and 503 with Retry-After where more is asked than is computed at once. The stream of
events is left out, for it does not end.

It needs ``pip install schemathesis``, and a server of its own: networks are deleted, jobs asked for and cancelled.
Without ``--url`` it starts one on a copy of ``--data`` (a data folder with analyses) in a folder that it removes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from benchmarks.machine import machine, machine_text
from benchmarks.own_server import TOKEN, server_on_copy

EXPECTED: Final = {501: "a form that is not made here", 503: "more than is computed at once"}
TIME_OUT_SECONDS: Final = 60.0
DESTRUCTIVE: Final = ("delete", "/rename")  # last, so that the others find something


@dataclass
class Outcome:
    """What came of all cases."""

    statuses: Counter[int] = field(default_factory=Counter)
    by_operation: Counter[str] = field(default_factory=Counter)
    faults: list[dict[str, Any]] = field(default_factory=list)
    timeouts: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)

    def take(self, name: str, response: httpx.Response, seconds: float, body: Any) -> None:
        """Count one answer, and keep it if it is a fault."""
        self.by_operation[name] += 1
        self.statuses[response.status_code] += 1
        self.slowest = sorted([*self.slowest, (round(seconds, 2), str(response.url)[:300])], reverse=True)[:10]
        excused = response.status_code in EXPECTED and (
            response.status_code == 501 or "retry-after" in response.headers
        )
        if response.status_code >= 500 and not excused:
            self.faults.append(
                {
                    "operation": name,
                    "status": response.status_code,
                    "url": str(response.url),
                    "method": response.request.method,
                    "body": repr(body)[:2000],
                    "answer": response.text[:400],
                }
            )


Known = dict[str, list[str]]


def known_values(client: httpx.Client) -> list[Known]:
    """What the store holds that addresses may name: by the name of the part of the path or of the option.

    One mapping for each place: parts of one address are taken from one place, so that they belong together.
    """

    def items(path: str) -> list[dict[str, Any]]:
        answer = client.get(path)
        return answer.json().get("items", []) if answer.status_code == 200 else []

    everywhere = {
        "job": [item["id"] for item in items("/api/v1/jobs?limit=20")],
        "study": [item["slug"] for item in items("/api/v1/studies")],
        "index": ["0", "0", "1", "99999999999999999999999"],
        "form": ["svg", "png", "json", "csv", "parquet", "md", "bib"],
        "step": ["1", "2", "7"],
        "seed": ["0", "1"],
        "data": [""],
        "after": [""],
        "protocol": ["complete", "paper"],
    }
    places: list[Known] = []
    for slug in [item.get("slug") or item["network"]["slug"] for item in items("/api/v1/networks?limit=200")]:
        base = f"/api/v1/networks/{slug}"
        masks = [str(item["mask"]) for item in items(f"{base}/circuits?limit=4") if "mask" in item]
        refs = [f"{kind}-{mask}{end}" for mask in masks for kind, end in (("c", ""), ("i", ".0"))]
        place = everywhere | {"network": [slug], "mask": masks, "e": refs, "pin": refs}
        aligned: Known = {}
        for item in items(f"{base}/explanations?limit=30&kind=alignment"):
            parts = str(item.get("url", "")).split("?")[0].split("/")
            if "alignments" in parts:
                algorithm = parts[parts.index("algorithms") + 1]
                aligned.setdefault(algorithm, []).append(parts[parts.index("alignments") + 1])
        places += [place | {"algorithm": [name], "alignment": ids} for name, ids in list(aligned.items())[:4]]
        places += [] if aligned else [place]
    return places or [everywhere]


def parts_of_paths(names: list[str], known: Known) -> st.SearchStrategy[dict[str, str]]:
    """Parts of a path: mostly such as exist."""
    foreign = st.text(min_size=1, max_size=30)

    def part(name: str) -> st.SearchStrategy[str]:
        there = st.sampled_from(known.get(name) or ["0"])
        return st.integers(0, 9).flatmap(lambda draw: there if draw else foreign)

    return st.fixed_dictionaries({name: part(name) for name in names})


def fuzz(
    url: str,
    *,
    cases: int,
    seed_value: int,
    only: str = "",
    part: tuple[int, int] = (1, 1),
    seconds_each: float = math.inf,
    tell: Callable[[str], None] = print,
    token: str = TOKEN,
) -> Outcome:
    """Send so many cases, spread over all operations.

    Args:
        url: of the server.
        cases: at least so many in all.
        seed_value: of everything random.
        only: only operations whose name contains this.
        part: number and how many: every so-manieth operation, for several runs side by side.
        seconds_each: after so long an operation is left; what it lacks is sent to the others.
        tell: hears how it goes.
        token: for changes.
    """
    client = httpx.Client(base_url=url, timeout=TIME_OUT_SECONDS, headers={"authorization": f"Bearer {token}"})
    schema = schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").raise_for_status().json())
    operations = [result.ok() for result in schema.get_all_operations()]
    operations = [o for o in operations if not o.path.endswith("/events") and only in f"{o.method} {o.path}"]
    operations.sort(key=lambda o: any(word in f"{o.method} {o.path}" for word in DESTRUCTIVE))
    operations = operations[part[0] - 1 :: part[1]]
    outcome = Outcome()
    for number, operation in enumerate(operations):
        left = cases - outcome.statuses.total()
        share = max(2, -(-left // (2 * (len(operations) - number))))  # half of them in either mode, rounded up
        name = f"{operation.method.upper()} {operation.path}"
        places = known_values(client)
        before = time.monotonic()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with suppress(schemathesis.errors.InvalidSchema, StopFuzzing):
                until = time.monotonic() + seconds_each / 2
                _one_operation(client, operation, mode, share, seed_value, places, outcome, name, until)
        tell(
            f"{number + 1:>3}/{len(operations)} {name}: {outcome.by_operation[name]} cases in "
            f"{time.monotonic() - before:.0f} s; in all {outcome.statuses.total()}, faults {len(outcome.faults)}"
        )
    return outcome


class StopFuzzing(Exception):
    """The operation is left: nothing can be made against its description, or its time is over."""


def _one_operation(
    client: httpx.Client,
    operation: Any,
    mode: GenerationMode,
    share: int,
    seed_value: int,
    places: list[Known],
    outcome: Outcome,
    name: str,
    until: float,
) -> None:
    names = [parameter.name for parameter in operation.path_parameters]
    try:
        cases_of = operation.as_strategy(generation_mode=mode)
    except Exception as error:  # schemathesis has many words for "there is nothing to negate"
        raise StopFuzzing(str(error)) from None

    @seed(seed_value)
    @settings(
        max_examples=share,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def send(data: st.DataObject) -> None:
        if time.monotonic() > until:
            raise StopFuzzing("time is over")
        case = data.draw(cases_of)
        known = data.draw(st.sampled_from(places))
        if names and data.draw(st.integers(0, 9)):
            case.path_parameters = data.draw(parts_of_paths(names, known))
        if case.query and data.draw(st.integers(0, 3)):  # few options at a time, else one of them ends it
            keep = data.draw(st.sets(st.sampled_from(sorted(case.query)), max_size=3))
            case.query = {option: value for option, value in case.query.items() if option in keep}
            for option in sorted(set(case.query) & set(known)):
                if known[option]:
                    case.query[option] = data.draw(st.lists(st.sampled_from(known[option]), min_size=1, max_size=3))
        before = time.monotonic()
        try:
            request = case.as_transport_kwargs(base_url=str(client.base_url).rstrip("/"))
            request.pop("cookies", None)
            headers = {str(k): str(v) for k, v in dict(request.pop("headers", None) or {}).items()}
            answer = _send(client, request, headers)
        except httpx.TimeoutException:
            outcome.timeouts.append(f"{name} {case.path_parameters} {case.query}")
            return
        except (UnicodeError, httpx.InvalidURL, httpx.LocalProtocolError, ValueError):
            return  # what cannot be sent as HTTP at all is no case
        outcome.take(name, answer, time.monotonic() - before, request.get("json", request.get("data")))

    try:
        send()
    except Exception as error:
        if type(error).__module__.startswith(("schemathesis", "hypothesis")):
            raise StopFuzzing(str(error)) from None
        raise


def _send(client: httpx.Client, request: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
    """One case as schemathesis describes it for requests, sent by httpx."""
    content = request.get("data")
    extra: dict[str, Any] = {}
    if "json" in request:
        extra["content"] = json.dumps(request["json"], default=str).encode("utf-8", "surrogatepass")
        headers.setdefault("content-type", "application/json")
    elif isinstance(content, bytes | str):
        extra["content"] = content
    elif content is not None:
        extra["data"] = content
    if request.get("files"):
        extra["files"] = request["files"]
    headers.pop("authorization", None)  # ours is to stay, else every change ends at the door
    headers.pop("Authorization", None)
    return client.request(
        request["method"],
        request["url"],
        params=request.get("params"),
        headers=headers,
        follow_redirects=False,
        **extra,
    )


def main(arguments: list[str] | None = None) -> int:
    """Fuzz, tell, and fail if anything answered with a 5xx."""
    parser = argparse.ArgumentParser(prog="benchmarks.fuzz_api", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="at least so many (default: 10000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only operations whose method and path contain this")
    parser.add_argument("--part", default="1/1", help="such as 2/3: every third operation, from the second on")
    parser.add_argument("--seconds-each", type=float, default=math.inf, help="leave an operation after so long")
    parser.add_argument("--url", default="", help="a server that is there for this, with the token in PLURISCOPE_TOKEN")
    parser.add_argument("--data", type=Path, help="start a server on a copy of this data folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found to FILE")
    options = parser.parse_args(arguments)
    print(machine_text(machine()))
    started = time.monotonic()
    number, _, parts = options.part.partition("/")
    how = {"cases": options.cases, "seed_value": options.seed, "only": options.only}
    how |= {"part": (int(number), int(parts)), "seconds_each": options.seconds_each}
    if options.url:
        outcome = fuzz(options.url, token=os.environ.get("PLURISCOPE_TOKEN", ""), **how)
    else:
        with server_on_copy(options.data) as server:
            outcome = fuzz(server.url, **how)
    seconds = time.monotonic() - started
    print(f"{outcome.statuses.total()} cases of {len(outcome.by_operation)} operations in {seconds:.0f} s")
    print("answers:", ", ".join(f"{status}: {n}" for status, n in sorted(outcome.statuses.items())))
    print(f"slowest: {outcome.slowest[0][0]:.1f} s" if outcome.slowest else "")
    print(f"without an answer in {TIME_OUT_SECONDS:g} s: {len(outcome.timeouts)}")
    print(f"faults (5xx): {len(outcome.faults)}")
    for fault in outcome.faults[:20]:
        print(json.dumps(fault, ensure_ascii=False))
    if options.json:
        options.json.write_text(json.dumps(vars(outcome), ensure_ascii=False, indent=1, default=str))
    return 1 if outcome.faults or outcome.timeouts else 0


if __name__ == "__main__":
    sys.exit(main())
