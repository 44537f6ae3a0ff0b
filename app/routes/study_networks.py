"""The networks of studies, which are stored when somebody opens their rows."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from app.addressing import API_V2
from app.db.reads.analyses import network_by_digest
from app.db.studies import open_network
from app.db.study_tables import StudyRow
from app.errors import ReadOnly
from app.limits import read_only_in
from app.pages.studies.study import open_study
from app.routes.depends import Links, Reading
from pluriscope.naming import DEFAULT_PROTOCOL, Scope

router = APIRouter()
_UNLISTED: Final = {"x-robots-tag": "noindex, nofollow"}


@router.get("/studies/{study}/networks/{digest}", include_in_schema=False)
@router.get(f"{API_V2}/studies/{{study}}/networks/{{digest}}", include_in_schema=False)
def network_of_study(
    request: Request, session: Reading, links: Links, study: str, digest: str, output: int = 0, protocol: str = ""
) -> RedirectResponse:
    """Store a network of a study, unless it is stored already, and lead to its page."""
    row = open_study(session, links, study)
    network = network_by_digest(session, digest)
    if network is None and read_only_in(session):
        cause = "is not stored, and nothing is stored on a site that is for reading only"
        cure = "use a copy of your own, or ask whoever runs this site"
        raise ReadOnly(f"network {digest[:12]}", cause, cure, "network", links.study(row.slug), f"study {row.slug}")
    if network is None:
        with request.app.state.store.write() as writing:
            network = open_network(writing, writing.get_one(StudyRow, row.id), digest)
    page = links.network(network.slug, Scope(output, protocol or DEFAULT_PROTOCOL, network.input_data[:12]))
    is_api = request.url.path.startswith(links.twin(links.studies()))
    return RedirectResponse(links.twin(page) if is_api else page, status_code=303, headers=_UNLISTED)
