"""Small kinds of jobs; what they do stands in ``handlers``, so that whoever only names them imports little."""

from __future__ import annotations

from pluriscope.app.jobs.definition import JobDefinition

HERE = "tests.app.jobs.handlers"
KINDS = {
    kind: JobDefinition(kind, f"{HERE}:{handler.upper()}", "1", kind.capitalize(), priority)
    for kind, handler, priority in (
        ("count", "count", 0),
        ("parts", "parts", 0),
        ("deaf", "deaf", 0),
        ("spoiled", "spoiled", 0),
        ("analyse", "starved", 0),
        ("first", "count", -1),
        ("last", "count", 1),
    )
}
