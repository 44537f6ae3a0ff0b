"""Whether this process can answer."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.app.db.engine import Store, newest_revision, revision_of

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
