"""One typed set of settings, read once from the environment (prefix PLURISCOPE_)."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Where things are and how much may be used."""

    model_config = SettingsConfigDict(env_prefix="PLURISCOPE_", frozen=True)

    data: Path = Field(Path("data"), description="Folder for the database and everything else that is written.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data folder.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    public_url: str = Field(
        "", description="Scheme and host that links, cards and embeddings name; empty: those of the request."
    )
    embed_ancestors: str = Field(
        "*", description="Sites that may show embeddings in a frame, as in the header frame-ancestors; 'none' for none."
    )
    prefix: str = Field("", description="Path under which a proxy serves the application, e.g. /pluriscope.")
    workers: int = Field(2, ge=1, le=256, description="Worker processes of `pluriscope work`.")
    token: str = Field("", description="Bearer token that allows changes from elsewhere than this machine.")
    max_body_bytes: int = Field(8_000_000, description="Largest request body accepted.")

    @cached_property
    def url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data.resolve() / 'pluriscope.sqlite'}"
