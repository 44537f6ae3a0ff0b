"""A study's data as files, and results of studies taken in over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from analysis.studies.result_file import read_results
from app.addressing import API_PREFIX
from app.bundled.model_studies import ModelDesign
from app.db.reads.studies import stored_parts
from app.db.studies import save_results
from app.db.study_tables import StudyRow
from app.error_answers import api_errors
from app.options import Options
from app.pages.studies.data import data_csv, data_json, data_parquet
from app.pages.studies.listing import progress_of
from app.pages.studies.of_models import data_text, named_study
from app.pages.studies.stored import open_study
from app.pages.studies.views import StudyProgress
from app.routes.changes import RawBody, Writing
from app.routes.depends import Links, Reading
from app.routes.streaming import Streamed

router = APIRouter()
_PARQUET = "application/vnd.apache.parquet"
DataForm = Literal["csv", "json", "parquet", "jsonl.gz"]
_PARTS: Final[dict[str, Callable[[Session, StudyRow], Iterator[str | bytes]]]] = {
    "csv": data_csv,
    "json": data_json,
    "jsonl.gz": stored_parts,
}
_MEDIA: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json", "jsonl.gz": "application/gzip"}


@router.get(
    f"{API_PREFIX}/studies/{{study}}/data.{{form}}",
    tags=["studies"],
    summary="All outcomes as a file",
    responses=api_errors(400, 404, 501),
    response_class=Response,
)
def data(
    request: Request,
    session: Reading,
    links: Links,
    study: str,
    form: DataForm,
    _options: Annotated[Options, Query()],
) -> Response:
    """One row for each network, protocol and output: CSV, JSON or Parquet; failed networks have a row as well.

    `jsonl.gz` is the result file with weights, which another store takes in. Parquet needs an optional library (501).
    """
    row = open_study(session, links, study)
    name = {"content-disposition": f'attachment; filename="{row.slug}.{form}"'}
    if form == "parquet":
        return Response(data_parquet(session, row), media_type=_PARQUET, headers=name)
    return Streamed(_streamed(request, row.id, _PARTS[form]), media_type=_MEDIA[form], headers=name)


@router.get(
    f"{API_PREFIX}/findings/{{study}}/data.{{form}}",
    tags=["studies"],
    summary="What was found of each model of a study",
    responses=api_errors(400, 404),
    response_class=Response,
)
def model_data(
    links: Links, study: str, form: Literal["csv", "json"], _options: Annotated[Options, Query()]
) -> Response:
    """One row for each model and granularity."""
    name = {"content-disposition": f'attachment; filename="{study}.{form}"'}
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/json"
    return Response(data_text(named_study(study, links), form), media_type=kind, headers=name)


@router.get(
    f"{API_PREFIX}/findings/{{study}}/design", tags=["studies"], summary="Its design", responses=api_errors(404)
)
def model_design(links: Links, study: str) -> ModelDesign:
    """What is trained and asked, as it was written before it was."""
    return named_study(study, links).design


def _streamed(
    request: Request, study_id: int, parts: Callable[[Session, StudyRow], Iterator[str | bytes]]
) -> Generator[str | bytes, None, None]:
    """A file from a session of its own, since the request's is over when the answer begins."""
    with request.app.state.store.read() as session:
        yield from parts(session, session.get_one(StudyRow, study_id))


@router.post(
    f"{API_PREFIX}/studies/results",
    tags=["studies"],
    summary="Take in a result file",
    status_code=201,
    responses=api_errors(403, 409, 413, 422),
)
def take_in(session: Writing, links: Links, body: RawBody, response: Response) -> StudyProgress:
    """Store a study with its outcomes and networks; what is stored already stays as it is."""
    row, _ = save_results(session, read_results(body))
    session.flush()
    response.headers["Location"] = links.twin(links.study(row.slug))
    return progress_of(session, links, row)
