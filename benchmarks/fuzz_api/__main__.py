"""``python -m benchmarks.fuzz_api``: made-up requests to every operation of the API, by schemathesis.

Cases are made from ``/api/v2/openapi.json``: half of them as the description allows, half against it. They go in
rounds, a few to each operation, so that a run that is ended early has been everywhere; an operation that is slow has
fewer in a round. Every answer is held against the description: its status, media type, headers and body. With
``--pages`` the page of each twin is asked for at the same address. The stream of events is left out, for it does not
end.

It needs ``pip install schemathesis``, and a server of its own: networks are deleted, jobs asked for and cancelled.
Without ``--url`` it starts one on a copy of ``--data`` (a data folder with analyses) in a folder that it removes. It
fails on any fault (:mod:`benchmarks.fuzz_api.outcome`), if the server ends, or if an operation had fewer cases than
``--least``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import httpx
import schemathesis
from fastapi.routing import APIRoute

from app.main import ROUTERS
from benchmarks.fuzz_api.cases import MODES, Asker, name_of
from benchmarks.fuzz_api.known import known_values, slugs_of
from benchmarks.fuzz_api.outcome import Outcome
from benchmarks.machine import machine, machine_text
from benchmarks.own_server import TOKEN, server_on_copy

TIME_OUT_SECONDS: Final = 60.0
DESTRUCTIVE: Final = ("delete", "/rename")  # last in a round, so that the others find something
MOST_ROUNDS: Final = 1_000


class ServerEnded(Exception):
    """The server is gone."""


def operations_of(client: httpx.Client, only: str, part: tuple[int, int]) -> list[Any]:
    """The operations of the description, in the order in which they are asked."""
    document = client.get("/api/v2/openapi.json").raise_for_status().json()
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]
    operations = [one for one in operations if not one.path.endswith("/events") and only in name_of(one)]
    operations.sort(key=lambda one: any(word in name_of(one).lower() for word in DESTRUCTIVE))
    return operations[part[0] - 1 :: part[1]]


def pages_of() -> frozenset[str]:
    """Paths of the pages, which the description of the interface leaves out."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return frozenset(route.path for route in routes if not route.include_in_schema and "GET" in route.methods)


def fuzz(
    client: httpx.Client,
    *,
    cases: int,
    seed_value: int = 0,
    in_round: int = 10,
    seconds_each: float = 20.0,
    only: str = "",
    part: tuple[int, int] = (1, 1),
    pages: bool = False,
    is_alive: Callable[[], bool] = lambda: True,
    tell: Callable[[str], None] = print,
) -> Outcome:
    """Send so many cases, round after round over all operations.

    Args:
        client: knows the server and the token.
        cases: at least so many in all.
        seed_value: of everything random.
        in_round: so many to each operation in each round.
        seconds_each: after so long in a round an operation is left.
        only: only operations whose method and path contain this.
        part: number and how many: every so-manieth operation, for several runs side by side.
        pages: ask the pages of the twins too; they count as cases of their own.
        is_alive: whether the server is there.
        tell: hears how it goes.

    Returns:
        What came of it; if the server ended, what came of it until then, with that as a fault.
    """
    operations = operations_of(client, only, part)
    outcome = Outcome()
    asker = Asker(client, outcome, pages_of() if pages else frozenset())
    each = max(1, in_round // len(MODES))
    while operations and outcome.cases < cases and outcome.rounds < MOST_ROUNDS:
        began, before = time.monotonic(), outcome.cases
        there, places = slugs_of(client), known_values(client)
        for number, operation in enumerate(operations):
            seed_now = seed_value + 1_000_003 * outcome.rounds + number
            asker.ask(operation, places, cases=each, seed_value=seed_now, seconds=seconds_each)
            if not is_alive():
                outcome.none(name_of(operation), str(client.base_url), operation.method, "the server ended")
                return outcome
        outcome.rounds += 1
        bring_back(client, there)
        tell(
            f"round {outcome.rounds}: {outcome.cases - before} cases in {time.monotonic() - began:.0f} s; "
            f"in all {outcome.cases}, kinds of faults {len(outcome.faults)}"
        )
        if outcome.cases == before:
            break
    return outcome


def bring_back(client: httpx.Client, slugs: list[str]) -> None:
    """Undo what a round has deleted."""
    for slug in slugs:
        with suppress(httpx.TransportError):
            client.post(f"/networks/{slug}/restore")


def table(outcome: Outcome) -> str:
    """Cases, times and answers, operation by operation."""
    wide = max((len(name) for name in outcome.operations), default=0)
    lines = [f"{'operation':<{wide}}  cases  mean ms  most s  answers"]
    for name, one in sorted(outcome.operations.items(), key=lambda pair: pair[0].split(" ")[::-1]):
        answers = ", ".join(f"{status or 'none'}: {n}" for status, n in sorted(one.statuses.items()))
        mean = 1000 * one.seconds / max(1, one.cases)
        lines.append(f"{name:<{wide}}  {one.cases:>5}  {mean:>7.0f}  {one.slowest:>6.1f}  {answers}")
    return "\n".join(lines)


def report(outcome: Outcome, seconds: float) -> str:
    """The figures, and every kind of fault with the first request that showed it."""
    lines = [
        f"{outcome.cases} cases of {len(outcome.operations)} operations in {outcome.rounds} rounds, {seconds:.0f} s; "
        f"at least {outcome.fewest} of each",
        "answers: " + ", ".join(f"{status or 'none'}: {n}" for status, n in sorted(outcome.statuses.items())),
        *(f"slowest: {took:.1f} s {url}" for took, url in outcome.slowest[:3]),
        f"kinds of faults: {len(outcome.faults)}",
    ]
    lines += [json.dumps(asdict(fault), ensure_ascii=False) for fault in outcome.faults.values()]
    return "\n".join(lines)


def arguments_of(given: list[str] | None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks.fuzz_api", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="at least so many (default: 10000)")
    parser.add_argument("--least", type=int, default=20, help="fail if an operation had fewer (default: 20)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--in-round", type=int, default=10, help="for each operation in a round (default: 10)")
    parser.add_argument("--seconds-each", type=float, default=20.0, help="for an operation in a round (default: 20)")
    parser.add_argument("--only", default="", help="only operations whose method and path contain this")
    parser.add_argument("--part", default="1/1", help="such as 2/3: every third operation, from the second on")
    parser.add_argument("--pages", action="store_true", help="ask for the page of each twin too")
    parser.add_argument("--url", default="", help="a server that is there for this, with the token in PLURISCOPE_TOKEN")
    parser.add_argument("--data", type=Path, help="start a server on a copy of this data folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found to FILE")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Fuzz, tell, and fail on any fault."""
    options = arguments_of(given)
    print(machine_text(machine()))
    number, _, parts = options.part.partition("/")
    started = time.monotonic()
    with nullcontext() if options.url else server_on_copy(options.data) as server:
        url = options.url or server.url
        token = os.environ.get("PLURISCOPE_TOKEN", "") if options.url else TOKEN
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, timeout=TIME_OUT_SECONDS, headers=headers) as client:
            outcome = fuzz(
                client,
                cases=options.cases,
                seed_value=options.seed,
                in_round=options.in_round,
                seconds_each=options.seconds_each,
                only=options.only,
                part=(int(number), int(parts)),
                pages=options.pages,
                is_alive=lambda: server is None or server.process.poll() is None,
                tell=lambda line: print(line, flush=True),
            )
        print(table(outcome))
        print(report(outcome, time.monotonic() - started))
        if outcome.faults and server is not None:
            print("the end of the server's log:", server.output.read_text(errors="replace")[-6000:], sep="\n")
    if options.json:
        found = {"faults": [asdict(fault) for fault in outcome.faults.values()], "slowest": outcome.slowest}
        found["operations"] = {name: vars(one) for name, one in outcome.operations.items()}
        options.json.write_text(json.dumps(found, ensure_ascii=False, indent=1))
    return 1 if outcome.faults or outcome.fewest < options.least else 0


if __name__ == "__main__":
    sys.exit(main())
