"""Figures for Prometheus, for those whom the setting lets read them."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from app.error_answers import api_errors
from app.errors import NotFound
from app.jobs.installation import look_at, metrics_of
from app.observability.metrics import exposition
from app.routes.changes import check_admin
from app.routes.depends import now
from app.settings import Settings

router = APIRouter()


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
    moment = now()
    try:
        found = look_at(request.app.state.store, settings, moment)
    except SQLAlchemyError:
        found = None
    body, content_type = exposition(metrics_of(found, moment), request.headers.get("accept", ""))
    return Response(body, media_type=None, headers={"content-type": content_type, "cache-control": "no-store"})
