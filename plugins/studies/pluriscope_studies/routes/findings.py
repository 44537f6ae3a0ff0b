"""Findings, their chapters and the files of their rows, and the paper claim by claim."""

from __future__ import annotations

from itertools import chain

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from pluriscope.app.rendering import show
from pluriscope.app.routes.depends import Links, NoOptions, Reading
from pluriscope.app.routes.faces import HTML, Faces, both
from pluriscope.app.routes.pictures import ANYWHERE, Form, drawing_file
from pluriscope_studies.pages.findings import (
    FindingsRecord,
    chapter_blocks,
    csv_of,
    data_path,
    drawing_of,
    findings,
    findings_record,
)
from pluriscope_studies.pages.listing import studies_section
from pluriscope_studies.pages.paper import PaperRecord, build_paper, paper_blocks

router = APIRouter()


@both(router, "/findings", "studies", "Findings", FindingsRecord)
def findings_page(session: Reading, links: Links, _options: NoOptions) -> Faces:
    """List each finding with its sentence, its evidence, its chapter and the rows that it was computed from."""
    blocks = chain(findings(links), studies_section(session, links))
    return Faces(lambda request: show(request, blocks, room="Findings"), findings_record)


@router.get("/findings/data/{study}.csv", include_in_schema=False)
def data_file(request: Request, links: Links, study: str) -> Response:
    packed = "gzip" in request.headers.get("accept-encoding", "")
    stored = {"vary": "Accept-Encoding", "content-encoding": "gzip"} if packed else {}
    made = csv_of(data_path(study, links), packed=packed)
    return Response(made, media_type="text/csv; charset=utf-8", headers=ANYWHERE | stored)


@router.get("/findings/data/{study}.parquet", include_in_schema=False)
def table_file(links: Links, study: str) -> Response:
    return FileResponse(data_path(study, links), media_type="application/vnd.apache.parquet", headers=ANYWHERE)


@router.get("/findings/{chapter}", **HTML)
def chapter_page(request: Request, links: Links, chapter: str, _options: NoOptions) -> HTMLResponse:
    return show(request, chapter_blocks(links, chapter), room="Findings")


@router.get("/findings/{chapter}/{name}.{form}", include_in_schema=False)
def finding_file(request: Request, links: Links, chapter: str, name: str, form: Form) -> Response:
    return drawing_file(request, drawing_of(chapter, name, links), form)


@both(router, "/paper", "studies", "The paper", PaperRecord)
def paper(session: Reading, links: Links, _options: NoOptions) -> Faces:
    """Méloux et al. (2025) claim by claim: what they say, what is found under their rules and under complete ones."""

    def page(request: Request) -> Response:
        return show(request, paper_blocks(build_paper(session, links), links), room="Findings")

    return Faces(page, lambda: build_paper(session, links))
