"""Cases of one operation: made from its description, half as it allows and half against it, and sent.

Parts of paths, and some options, are mostly taken from what the store holds. Where nothing can be made against a
description (a path of free text alone, or nothing to give), options that nobody knows and bodies of noise are.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from benchmarks.fuzz_api.bodies import body_of
from benchmarks.fuzz_api.known import Known
from benchmarks.fuzz_api.outcome import Outcome

MODES: Final = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


class StopAsking(Exception):
    """The operation is left for this round: nothing more can be made against its description, or its time is over."""


@dataclass
class Asker:
    """Sends cases to one server.

    Args:
        client: knows the server and the token.
        outcome: takes the answers.
        pages: ask the page too of twins at these paths, at the same address.
    """

    client: httpx.Client
    outcome: Outcome
    pages: frozenset[str] = frozenset()
    _impossible: set[tuple[str, GenerationMode]] = field(default_factory=set)  # finding out anew costs much

    def ask(self, operation: Any, places: list[Known], *, cases: int, seed_value: int, seconds: float) -> None:
        """Send so many cases in either mode, or as many as the time allows."""
        for mode in MODES:
            until = time.monotonic() + seconds / 2
            before = self._asked(operation)
            if (name_of(operation), mode) not in self._impossible:
                with suppress(StopAsking):
                    self._one_mode(operation, mode, places, cases, seed_value, until)
            lacking = cases - (self._asked(operation) - before)
            if lacking > 0 and time.monotonic() < until:
                with suppress(StopAsking):
                    self._one_mode(operation, None, places, lacking, seed_value, until)

    def _asked(self, operation: Any) -> int:
        one = self.outcome.operations.get(name_of(operation))
        return one.cases if one else 0

    def _one_mode(
        self,
        operation: Any,
        mode: GenerationMode | None,
        places: list[Known],
        cases: int,
        seed_value: int,
        until: float,
    ) -> None:
        """Cases as the description allows, against it, or (None) as it allows with something foreign added."""
        try:
            cases_of = operation.as_strategy(generation_mode=mode or GenerationMode.POSITIVE)
        except Exception as error:  # schemathesis has many words for "there is nothing to negate"
            self._impossible |= {(name_of(operation), mode)} if mode else set()
            raise StopAsking(str(error)) from None
        names = [parameter.name for parameter in operation.path_parameters]

        @seed(seed_value)
        @settings(
            max_examples=cases,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def send(data: st.DataObject) -> None:
            if time.monotonic() > until:
                raise StopAsking("time is over")
            case = data.draw(cases_of)
            known = data.draw(st.sampled_from(places))
            place(case, data, known, names)
            bodies = body_of(str(operation.path), known) if case.method.upper() == "POST" else None
            if bodies is not None and data.draw(st.booleans()):
                case.body, case.media_type = data.draw(bodies), "application/json"
            if mode is None:
                spoil(case, data)
            self._send(operation, case)

        try:
            send()
        except Unsatisfiable as error:
            self._impossible |= {(name_of(operation), mode)} if mode else set()
            raise StopAsking(str(error)) from None
        except Exception as error:
            if type(error).__module__.startswith(("schemathesis", "hypothesis")):
                raise StopAsking(str(error)) from None
            raise

    def _send(self, operation: Any, case: Case) -> None:
        try:
            request = case.as_transport_kwargs(base_url=str(self.client.base_url).rstrip("/"))
            built = built_request(self.client, request)
        except (UnicodeError, httpx.InvalidURL, ValueError, TypeError):
            return  # what cannot be sent as HTTP at all is no case
        body = request.get("json", request.get("data"))
        self._answered(name_of(operation), case, built, body)
        path = str(operation.path).removeprefix("/api/v2") or "/"
        if operation.method.upper() == "GET" and path in self.pages:
            address = built.url.copy_with(raw_path=built.url.raw_path.replace(b"/api/v2", b"", 1) or b"/")
            headers = dict(built.headers) | {"accept": "text/html"}
            page = self.client.build_request("GET", address, headers=headers)
            self._answered(f"PAGE {path}", None, page, None)

    def _answered(self, name: str, case: Case | None, request: httpx.Request, body: Any) -> None:
        before = time.monotonic()
        try:
            answer = self.client.send(request, follow_redirects=False)
        except httpx.LocalProtocolError:
            return  # a header that HTTP has no room for
        except httpx.TimeoutException:
            self.outcome.none(name, str(request.url), request.method, "no answer in time")
            return
        except httpx.TransportError as error:
            self.outcome.none(name, str(request.url), request.method, f"no answer: {type(error).__name__}")
            return
        self.outcome.take(name, case, answer, time.monotonic() - before, body)


def name_of(operation: Any) -> str:
    """Method and path."""
    return f"{operation.method.upper()} {operation.path}"


def place(case: Case, data: st.DataObject, known: Known, names: list[str]) -> None:
    """Put what exists into most of the places where something that exists is asked for."""
    if names and data.draw(st.integers(0, 9)):
        case.path_parameters = data.draw(parts_of_paths(names, known))
    if case.query and data.draw(st.integers(0, 3)):  # few options at a time, else one of them ends it
        keep = data.draw(st.sets(st.sampled_from(sorted(case.query)), max_size=3))
        case.query = {option: value for option, value in case.query.items() if option in keep}
        for option in sorted(set(case.query) & set(known)):
            if known[option]:
                case.query[option] = data.draw(st.lists(st.sampled_from(known[option]), min_size=1, max_size=3))


def spoil(case: Case, data: st.DataObject) -> None:
    """Add what the description knows nothing of: options, and where a body is taken, noise in its place."""
    if data.draw(st.booleans()):
        added = data.draw(st.dictionaries(st.text(max_size=12), st.text(max_size=40), max_size=3))
        case.query = {**(case.query or {}), **added}
    if case.method.upper() in ("POST", "PUT", "PATCH", "DELETE") and data.draw(st.booleans()):
        case.body = data.draw(st.binary(max_size=200))
        case.media_type = data.draw(st.sampled_from(["application/json", "text/plain", "multipart/form-data", "x"]))


def parts_of_paths(names: list[str], known: Known) -> st.SearchStrategy[dict[str, str]]:
    """Parts of a path, encoded for it: mostly such as exist."""
    # one or two dots would be another address before they are sent
    foreign = st.text(min_size=1, max_size=30).filter(lambda text: set(text) != {"."})

    def part(name: str) -> st.SearchStrategy[str]:
        there = st.sampled_from(known.get(name) or ["0"])
        return st.integers(0, 9).flatmap(lambda draw: there if draw else foreign).map(lambda text: quote(text, safe=""))

    return st.fixed_dictionaries({name: part(name) for name in names})


def built_request(client: httpx.Client, request: dict[str, Any]) -> httpx.Request:
    """One case as schemathesis describes it for requests, as httpx sends it."""
    headers = {str(k).lower(): str(v) for k, v in dict(request.get("headers") or {}).items()}
    headers.pop("authorization", None)  # ours is to stay, else every change ends at the door
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
    return client.build_request(
        request["method"], request["url"], params=request.get("params"), headers=headers, **extra
    )
