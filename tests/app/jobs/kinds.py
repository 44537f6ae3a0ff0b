"""Small kinds of jobs; what they do stands in ``handlers``, so that whoever only names them imports little."""

from __future__ import annotations

from app.jobs.definitions import JobDefinition

HERE = "tests.app.jobs.handlers"
KINDS = {
    kind: JobDefinition(kind, f"{HERE}:{kind.upper()}", "1", kind.capitalize()) for kind in ("count", "deaf", "spoiled")
}
