"""The record of a kind of background work: its name, the identity of its jobs, and the path of its handler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pluriscope.analysis.values.digest import canonical_json, short_id


@dataclass(frozen=True)
class JobDefinition:
    """A kind of job.

    Args:
        kind: stable key.
        handler: where its :class:`pluriscope.app.jobs.handlers.Handler` is, as "module:name".
        version: raised when the same arguments would give another result; part of a job's identity.
        title: what people read, before the job's own title.
        priority: of a job that comes with none of its own, see :class:`pluriscope.app.db.job_tables.JobRow`.
        about: name of the argument that is the digest of what it works on.
        stages: key that progress reports carry, name, and what happens in it, of each stage.
        pool: "module:function" of settings, which makes what computes for it. A job that has a pool runs in a thread of
            the worker, and is given the pool and what writes to the store on its way.
        left: "module:function" of a session and of whether to ask for it: whether there is work that nobody asked for.
        follows: "module:function" of a session and of an analysis that a person asked for: asks for what comes after
            it, and returns these jobs.
    """

    kind: str
    handler: str
    version: str
    title: str
    priority: int = 0
    about: str = "network"
    stages: tuple[tuple[str, str, str], ...] = ()
    pool: str = ""
    left: str = ""
    follows: str = ""

    def job_id(self, arguments: Mapping[str, Any]) -> str:
        """Public id of a job: 16 hex digits of a hash of kind, version and arguments, without the names of
        protocols.
        """
        identity = dict(arguments)
        if isinstance(identity.get("protocol"), Mapping):
            identity["protocol"] = _unnamed(identity["protocol"])
        if "protocols" in identity:
            identity["protocols"] = [_unnamed(settings) for settings in identity["protocols"]]
        return short_id(canonical_json({"kind": self.kind, "version": self.version, "identity": identity}).decode())


def _unnamed(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != "name"}
