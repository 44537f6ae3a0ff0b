"""Re-verify now: one explanation computed anew from the weights, beside what is stored."""

from __future__ import annotations

from inspect import cleandoc
from typing import Annotated, Any, Final, cast, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from app.addressing import API_PREFIX, Addresses
from app.error_answers import api_errors
from app.errors import BadQuery
from app.options import ScopeOptions
from app.pages.alignment import AlignmentOptions
from app.pages.compare.options import CompareOptions
from app.pages.directions.views import DirectionOptions
from app.pages.sharing.verifying import AT_ONCE_SECONDS, Counting, VerifyPage, build_verification
from app.rendering import render
from app.routes.computing import room
from app.routes.depends import Links, Reading
from app.routes.page import takes
from app.routes.shared_targets import PATTERNS, target_of

router = APIRouter()


class NetworkVerifyOptions(ScopeOptions):
    """Options of a network's re-verification."""

    counts: Counting = Field(
        "",
        description="Whether how many explanations there are is recomputed: yes, no, or by default where that takes no "
        f"more than about {AT_ONCE_SECONDS:g} s.",
    )


def _verified(request: Request, session: Reading, links: Addresses) -> VerifyPage:
    target = target_of(request, links, "counts")
    counting = request.query_params.get("counts", "")
    if counting not in get_args(Counting) or (counting and target.kind != "network"):
        cause = "is neither yes nor no" if target.kind == "network" else "is an option of networks alone"
        raise BadQuery(f"option 'counts' {counting[:60]!r}", cause, "correct it or leave it out", "counts")
    with room(f"re-verification of {target.path}"):
        return build_verification(session, links, target, counting=cast(Counting, counting))


def verify_page(request: Request, session: Reading, links: Links) -> HTMLResponse:
    page = _verified(request, session, links)
    # what was found a moment ago is not what was asked for now
    return render(request, "pages/verify.html", {"page": page}, headers={"cache-control": "no-store"})


TWINS: Final[tuple[tuple[str, type, str, str], ...]] = (
    (
        "verify_network",
        NetworkVerifyOptions,
        "Re-verify a network",
        """
        The digests hashed again, what its outputs decide, and how many explanations there are where that takes seconds.

        Its explanations have addresses of their own.
        """,
    ),
    (
        "verify_circuit",
        ScopeOptions,
        "Re-verify a circuit",
        "Every figure of a circuit computed from the weights, beside the stored one.",
    ),
    (
        "verify_interpretation",
        ScopeOptions,
        "Re-verify an interpretation",
        "Its circuit's figures, and whether its gates agree with the activations and lead back to the index.",
    ),
    (
        "verify_algorithm",
        ScopeOptions,
        "Re-verify an algorithm",
        "What an algorithm is, apart from its alignments, beside what is stored.",
    ),
    (
        "verify_alignment",
        AlignmentOptions,
        "Re-verify an alignment",
        "Every interchange made again: fraction, validity, minimality and margin beside the stored ones.",
    ),
    (
        "verify_direction",
        DirectionOptions,
        "Re-verify an alignment on directions",
        "Every interchange along its directions made again, one by one and jointly, beside the stored ones.",
    ),
    (
        "verify_explanation",
        ScopeOptions,
        "Re-verify an explanation of another kind",
        "Every figure of an explanation of a kind stored as columns, beside the stored one.",
    ),
    (
        "verify_comparison",
        CompareOptions,
        "Re-verify every explanation of a comparison",
        "Each explanation of a comparison computed anew, beside what is stored.",
    ),
)
"""Of each pattern in order: the twin's name in the description of the interface, its options, title and meaning."""


def _add(pattern: str, name: str, options: type, summary: str, about: str) -> None:
    def answer(request: Request, session: Reading, links: Links, **_read_from_the_address: Any) -> VerifyPage:
        return _verified(request, session, links)

    # path and query are read from the address as a whole; they are named for the description of the interface
    in_path = {part[1:-1]: str for part in pattern.split("/") if part.startswith("{")}
    own = {"request": Request, "session": Reading, "links": Links}
    takes(answer, {**own, **in_path, "options": Annotated[options, Query()]})
    router.add_api_route(
        f"{API_PREFIX}{pattern}/verify",
        answer,
        name=name,
        tags=["verify"],
        summary=summary,
        description=cleandoc(about),
        response_model=VerifyPage,
        responses=api_errors(400, 404, 422, 503),
    )


for _pattern, _twin in zip(PATTERNS, TWINS, strict=True):
    router.add_api_route(f"{_pattern}/verify", verify_page, response_class=HTMLResponse, include_in_schema=False)
    _add(_pattern, *_twin)
