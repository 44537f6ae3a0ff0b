"""The tables of background work: jobs with their logs and finished parts, and the workers that are present.

Jobs refer to networks by digest, so that they outlive them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pluriscope.app.db.columns import UtcDateTime
from pluriscope.app.db.table_base import Base


class JobRow(Base):
    """Background work, unique by content key; claimed with a lease that a heartbeat renews."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(None, "state", "priority", "created_at"),  # the order in which jobs are started
        Index("ix_jobs_newest", "created_at", "id", "network_digest"),  # the order of lists, and whose jobs are newest
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)  # hash of kind and arguments: the public id
    kind: Mapped[str] = mapped_column(String(40))
    network_digest: Mapped[str | None] = mapped_column(String(64), index=True)  # what it works on, if that is stored
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    title: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(16))  # queued, running, done, failed, cancelled, truncated
    # smaller first: negative where somebody asked for it, else the milliseconds that it is expected to take
    priority: Mapped[int] = mapped_column(default=0)
    stage: Mapped[str] = mapped_column(String(40), default="")
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int] = mapped_column(BigInteger, default=0)
    found: Mapped[str] = mapped_column(String(300), default="")
    attempts: Mapped[int] = mapped_column(default=0)  # times that a worker took it up
    losses: Mapped[int] = mapped_column(default=0, server_default="0")  # that failed one after another at one place
    lost_at: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))  # that place: stage, done
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)  # while it waits after such an attempt
    set_aside: Mapped[bool] = mapped_column(default=False, server_default=false())  # it failed too often
    owner: Mapped[str | None] = mapped_column(String(80))
    lease_seconds: Mapped[float | None]  # after so long without a further sign of life its owner is taken for lost
    signs: Mapped[int] = mapped_column(default=0, server_default="0")  # of life, by whoever held it
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # e.g. {"url": "/networks/…"}
    # of a training its losses, (step, loss); of an analysis what is known of its circuits ("circuits"), and where an
    # exact count goes on ("count")
    so_far: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}", deferred=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    log: Mapped[list[JobLogRow]] = relationship(
        back_populates="job", cascade="all, delete-orphan", order_by="JobLogRow.id"
    )

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked for the job, or for what it follows."""
        return self.priority < 0

    @property
    def goes_on(self) -> bool:
        """Whether time or memory ended the job, so that queueing it again continues from what it found."""
        return self.state == "truncated" and bool(self.result.get("stops"))


class JobLogRow(Base):
    """A line of a job's log."""

    __tablename__ = "job_log"
    __table_args__ = (Index(None, "job_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    level: Mapped[str] = mapped_column(String(8))  # info, warning, error
    message: Mapped[str] = mapped_column(Text)

    job: Mapped[JobRow] = relationship(back_populates="log")


class WorkerRow(Base):
    """A worker that has shown itself: present as long as it goes on doing so; its row goes when it leaves."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)  # its jobs' owners begin with it
    host: Mapped[str] = mapped_column(String(80))
    pid: Mapped[int]
    slots: Mapped[int]  # jobs at a time
    version: Mapped[str] = mapped_column(String(40))  # of the program
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
