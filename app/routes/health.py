"""Whether this process lives and can answer."""

from __future__ import annotations

from functools import cache

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from analysis import ENGINE_VERSION
from app.addressing import API_PREFIX
from app.db.engine import Store, alembic_config

router = APIRouter()


class Health(BaseModel):
    """The state of this process."""

    live: bool = Field(True, description="It answers at all.")
    ready: bool = Field(description="The database can be read and its schema is the one this version needs.")
    database: str = Field(description="ok, unreachable, or behind (the schema is not the current one).")
    version: str


@router.get("/health", tags=["service"], summary="Health", responses={503: {"model": Health}})
@router.get(f"{API_PREFIX}/health", include_in_schema=False)
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
            revision = MigrationContext.configure(session.connection()).get_current_revision()
    except SQLAlchemyError:
        return "unreachable"
    return "ok" if revision == newest_revision() else "behind"


@cache
def newest_revision() -> str | None:
    """The schema version that this program needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()
