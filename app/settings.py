"""Settings, read once from the environment (prefix PLURISCOPE_)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pluriscope.analysis.running.limits import MOST_STORED
from pluriscope.processes.memory import LEAST, bytes_for_each
from pluriscope.resources import PREFIX, default_data_folder

STORE: Final = "pluriscope.sqlite"
"""File of the store in the data folder."""


def sqlite_url(file: Path) -> str:
    """The URL of a file of SQLite, whatever characters are in its path."""
    from sqlalchemy import URL  # commands read the settings without a store

    return URL.create("sqlite", database=str(file)).render_as_string()


class Settings(BaseSettings):
    """Folders, addresses, and limits to what may be used."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, populate_by_name=True)

    data: Path = Field(
        default_factory=default_data_folder, description="Folder for the database and everything else that is written."
    )
    database_url: str = Field("", repr=False, description="SQLAlchemy URL; empty: SQLite in the data folder.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    public_url: str = Field(
        "",
        pattern="^(https?://.+)?$",
        description="Scheme and host that links, cards and embeddings name; empty: those of the request.",
    )
    prefix: str = Field(
        "",
        pattern="^(/.*[^/])?$",
        description="Path under which a proxy serves the application, e.g. /pluriscope, without a slash at its end.",
    )
    plugins: str = Field("", description="Plugins to use, with commas; `none` for none; empty: all that are installed.")
    workers: int = Field(2, ge=1, le=256, description="Worker processes of `pluriscope work`.")
    job_memory_bytes: int = Field(
        0,
        ge=0,
        le=1 << 42,
        description="Memory that a job may take, 512 MiB or more; 0: three quarters of the machine's, shared by the "
        "workers.",
    )
    job_seconds: float = Field(
        3_600.0, ge=1, le=10**7, description="Longest time of one analysis; then it ends with what it found."
    )
    lease_seconds: float = Field(
        30.0, ge=2, le=3600, description="How long a job stays with a worker that gives no sign of life."
    )
    token: str = Field(
        "", repr=False, description="What programs and browsers elsewhere show to change things; empty: they cannot."
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks of proxies, with commas: what they say of visitors is believed, and being "
        "on this machine allows nothing.",
    )
    trusted_hosts: str = Field(
        "",
        description="Host names that requests may give, with commas, such as *.example.org; empty: that of the public "
        "URL, or any.",
    )
    trust_local: bool = Field(
        True,
        description="Programs of this machine, of the server's user or root, need no token; False: nobody is local.",
    )
    read_only: bool = Field(False, description="Every change is refused.")
    session_hours: float = Field(24.0, gt=0, le=8_760, description="Hours for which a login lasts.")
    max_body_bytes: int = Field(8_000_000, description="Largest request body accepted.")
    max_possible_circuits: int = Field(
        100_000_000, ge=0, le=10**12, description="Larger circuit spaces are counted or sampled instead of listed."
    )
    max_listed_circuits: int = Field(
        MOST_STORED,
        ge=1,
        description="Valid circuits kept in a list, at most 200,000; where there are more they are counted, and the "
        "smallest and some drawn are listed.",
    )
    max_count_seconds: float = Field(
        1_800.0, ge=0, le=10**7, description="Longest predicted time of an exact count, on one core."
    )
    max_memory_bytes: int = Field(
        1 << 30, ge=1 << 20, le=1 << 42, description="Most memory that a list or an exact count of circuits may take."
    )
    drawn_circuits: int = Field(
        1_000, ge=0, le=100_000, description="Valid circuits drawn and shown where they are not all listed."
    )
    estimate_samples: int = Field(200_000, ge=0, le=10**8, description="Circuits drawn for a sample; 0: none.")
    max_criterion_seconds: float = Field(
        60.0, ge=0, le=10**6, description="Longest time of one criterion on one kind; what is left is undecided."
    )
    undo_days: float = Field(
        7.0,
        ge=0,
        le=3_650,
        description="Days for which deleting a network can be undone; then it is permanently deleted.",
    )

    @field_validator("max_listed_circuits")
    @classmethod
    def _no_longer_lists(cls, value: int) -> int:
        if value > MOST_STORED:
            raise ValueError(f"a store lists at most {MOST_STORED:,} circuits of an analysis and counts the others")
        return value

    @cached_property
    def url(self) -> str:
        """The database URL in force."""
        return self.database_url or sqlite_url(self.data.resolve() / STORE)

    @cached_property
    def memory_of_job(self) -> int:
        """Bytes that a job may take. Two more may run at a time than there are workers: one that a person asked for,
        and one that nobody did.
        """
        return max(LEAST, self.job_memory_bytes or bytes_for_each(self.workers + 2))


class PluginSettings(BaseSettings):
    """Settings that a plugin brings, which `pluriscope check` can look at."""

    def trouble(self) -> Iterator[tuple[Literal["problem"], str, str]]:
        """What they name and cannot be used: "problem", what was found, what to do."""
        yield from ()
