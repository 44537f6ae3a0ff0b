"""Whether this process can answer, and figures for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from analysis import ENGINE_VERSION
from app.db.engine import Store, newest_revision, revision_of
from app.error_answers import api_errors
from app.errors import NotFound
from app.jobs.installation import look_at, metrics_of
from app.observability.metrics import exposition
from app.routes.changes import check_admin
from app.routes.depends import now
from app.settings import Settings

router = APIRouter()


class Health(BaseModel):
    """The state of this process."""

    live: bool = Field(True, description="It answers at all.")
    ready: bool = Field(description="The database can be read and its schema is the one this version needs.")
    database: str = Field(description="ok, unreachable, or behind (the schema is not the current one).")
    version: str


@router.get("/health", tags=["service"], summary="Health", responses={503: {"model": Health}})
def health(request: Request, response: Response) -> Health:
    """Live and ready: 200, or 503 if the database cannot be used."""
    database = _database(request.app.state.store)
    response.headers["cache-control"] = "no-store"
    if database != "ok":
        response.status_code = 503
    return Health(ready=database == "ok", database=database, version=ENGINE_VERSION)


def _database(store: Store) -> str:
    try:
        with store.read() as session:
            revision = revision_of(session.connection())
    except SQLAlchemyError:
        return "unreachable"
    return "ok" if revision == newest_revision() else "behind"


@router.get(
    "/metrics",
    tags=["service"],
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **api_errors(403, 404)},
)
def metrics(request: Request) -> Response:
    """Requests by route and status with their durations, jobs by kind and state, queue, workers, sizes, computations.

    Who may read it is a setting (`PLURISCOPE_METRICS`): who administers, as a rule, so that a bearer token is needed
    from other machines.
    """
    settings: Settings = request.app.state.settings
    if settings.metrics == "off":
        raise NotFound("/metrics", "is turned off here", "set PLURISCOPE_METRICS to admin or open")
    if settings.metrics == "admin":
        check_admin(request)
    try:
        found = look_at(request.app.state.store, settings, now())
    except SQLAlchemyError:
        found = None
    body, content_type = exposition(metrics_of(found), request.headers.get("accept", ""))
    return Response(body, media_type=None, headers={"content-type": content_type, "cache-control": "no-store"})
