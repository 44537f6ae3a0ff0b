"""What came of all cases: counts by operation, and what an answer was held against.

An answer is a fault if it is a 5xx that is not meant, if it is none (the connection broke, or it did not come in time),
or if it is not what the description of the interface says: its status, its media type, its headers, the shape of its
body. Two kinds of 5xx are meant: 501 for a form that is not made here, and 503 with Retry-After for more than is
computed at once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from schemathesis import Case
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CONFORMANCE: Final = (
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
SLOWEST_KEPT: Final = 10


@dataclass
class Operation:
    """What came of the cases of one operation."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: float = 0.0

    @property
    def cases(self) -> int:
        return self.statuses.total()


@dataclass
class Fault:
    """What was wrong, how often, and the first request that showed it."""

    operation: str
    what: str
    status: int
    url: str
    method: str
    body: str
    answer: str
    times: int = 1


@dataclass
class Outcome:
    """What came of all cases."""

    operations: dict[str, Operation] = field(default_factory=dict)
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    rounds: int = 0

    @property
    def cases(self) -> int:
        return sum(one.cases for one in self.operations.values())

    @property
    def statuses(self) -> Counter[int]:
        return sum((one.statuses for one in self.operations.values()), Counter())

    @property
    def fewest(self) -> int:
        """Cases of the operation that had fewest."""
        return min((one.cases for one in self.operations.values()), default=0)

    def take(self, name: str, case: Case | None, response: httpx.Response, seconds: float, body: Any) -> None:
        """Count one answer, and hold it against the description.

        Args:
            name: of the operation.
            case: what was asked; None: the description says nothing of the answer (a page).
            response: its answer.
            seconds: until it was there.
            body: what was sent.
        """
        operation = self.operations.setdefault(name, Operation())
        operation.statuses[response.status_code] += 1
        operation.seconds += seconds
        operation.slowest = max(operation.slowest, seconds)
        self.slowest = sorted([*self.slowest, (round(seconds, 2), str(response.url)[:300])], reverse=True)
        del self.slowest[SLOWEST_KEPT:]
        if response.status_code >= 500 and not is_meant(response):
            self._fault(name, f"status {response.status_code}", response, body)
        elif case is not None:
            for failure in told_otherwise(case, response):
                self._fault(name, failure, response, body)

    def none(self, name: str, url: str, method: str, why: str) -> None:
        """Count a request that got no answer."""
        self.operations.setdefault(name, Operation()).statuses[0] += 1
        self.faults.setdefault((name, why), Fault(name, why, 0, url[:2000], method, "", "", 0)).times += 1

    def _fault(self, name: str, what: str, response: httpx.Response, body: Any) -> None:
        status = response.status_code
        text, shown = response.text[:600], repr(body)[:2000]
        fault = Fault(name, what, status, str(response.url)[:2000], response.request.method, shown, text, 0)
        self.faults.setdefault((name, what), fault).times += 1


def is_meant(response: httpx.Response) -> bool:
    """Whether a 5xx says only that it is not made here, or that there is too much at this moment."""
    return response.status_code == 501 or (response.status_code == 503 and "retry-after" in response.headers)


def told_otherwise(case: Case, response: httpx.Response) -> list[str]:
    """Where an answer is not what the description says, in few words each, the same for the same fault."""
    try:
        case.validate_response(response, checks=list(CONFORMANCE))
    except FailureGroup as found:
        return [_in_words(one) for one in found.exceptions]
    except Failure as found:
        return [_in_words(found)]
    return []


def _in_words(failure: BaseException) -> str:
    title = str(getattr(failure, "title", type(failure).__name__))
    told = " ".join(str(getattr(failure, "message", "")).split())
    return f"{title}: {told}"[:300]
