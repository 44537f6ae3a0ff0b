"""Keep networks of every kind, their analyses, circuits and reports in the same tables.

Revision 0031, after 0030, 2026-11-27.

Transformers, their circuits and reports had tables of their own. Each becomes a network whose file is kept; what was
searched under some rules becomes an analysis, whose protocol are these rules and whose data is the task; what criteria
said of its circuits becomes verdicts. Where a network has a transformer's slug, or had it, the transformer gets digits
of its digest. Jobs keep their ids, so links to them lead on. There is no way back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from sys import intern
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

AT_ONCE = 5_000  # circuits that are held in memory
BEHIND = 100  # the gallery shows bundled perceptrons first
SETTINGS = {
    "attention": {
        "granularity": ("qkv", "heads", "nodes"),
        "ablation": ("zero", "mean"),
        "embedding": ("joined", "split"),
    }
}
"""What circuits of a kind were asked under: settings with their values, the usual one first."""
ACCURACY_THRESHOLD = 0.99
CRITERIA: dict[str, dict[str, float]] = {
    "resample-ablation": {},
    "necessity": {},
    "minimal-local": {},
    "minimal-cardinal": {},
    "kl-faithfulness": {"tolerance": 0.1},
    "role-agreement": {},
}
"""What circuits were judged by beside the search, with the settings of each."""
VERSIONS = {"minimal-subset": 2, "minimal-local": 2, "minimal-cardinal": 2}
LETTERS = {"passed": "P", "failed": "F", "undecided": "U", "not applicable": "-"}
THOROUGH = ("methods", "lenses")  # may be asked for more; of models all was asked
EMPTY_HISTOGRAM: dict[str, list[float]] = {"edges": [], "counts": []}
NOW = sa.DateTime(timezone=True)

wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def _table(name: str, plain: str, **special: sa.types.TypeEngine[Any]) -> sa.TableClause:
    columns = (sa.column(one, special.pop(one, None)) for one in plain.split())
    return sa.table(name, *columns)


models = _table("models", "id digest slug name kind document origin position created_at", created_at=NOW)
networks = _table(
    "networks",
    "id digest slug name kind document sizes activation output_activation parameters tasks origin attribution training "
    "position created_at input_data planted edited",
    **{name: sa.JSON(none_as_null=True) for name in ("sizes", "tasks", "training", "planted")},
    parameters=sa.LargeBinary(),
    document=sa.LargeBinary(),
    created_at=NOW,
)
protocols = _table("protocols", "digest name settings kind", settings=sa.JSON())
analyses = _table(
    "analyses",
    "id network_id output protocol_digest data_digest engine_version result_digest circuits_possible circuits_valid "
    "circuits_method circuits_listed circuits_tested circuits_truncated_at interpretations_total "
    "interpretations_observed interpretations_complete interpretations_truncated_at algorithms_candidates "
    "algorithms_truncated_at algorithms_aligned alignments_valid alignments_minimal exhaustive criteria distributions "
    "plan seconds provenance created_at",
    **{name: sa.JSON() for name in ("criteria", "distributions", "plan", "seconds", "provenance")},
    exhaustive=sa.Boolean(),
    interpretations_complete=sa.Boolean(),
    created_at=NOW,
)
circuits = _table(
    "circuits", "analysis position mask edges neurons margin interpretations observed verdicts right worst roles"
)
model_circuits = _table(
    "model_circuits", "model_id rules mask edges nodes right worst margin minimal told", minimal=sa.Boolean()
)
verdicts = _table(
    "verdicts",
    "analysis_id kind position criterion settings_digest settings n passed failed undecided not_applicable note "
    "seconds by_circuit content",
    settings=sa.JSON(),
)
model_reports = _table("model_reports", "model_id rules name content")
reports = _table(
    "analysis_reports",
    "analysis_id kind thorough engine_version found seconds beside content created_at",
    thorough=sa.Boolean(),
    found=sa.JSON(),
    created_at=NOW,
)
jobs = _table(
    "jobs",
    "id kind network_digest arguments state result started_at finished_at",
    arguments=sa.JSON(),
    result=sa.JSON(),
    started_at=NOW,
    finished_at=NOW,
)


def upgrade() -> None:
    op.add_column("networks", sa.Column("kind", sa.String(24), nullable=False, server_default="perceptron"))
    op.add_column("networks", sa.Column("document", sa.LargeBinary(), nullable=True))
    op.add_column("protocols", sa.Column("kind", sa.String(24), nullable=False, server_default="perceptron"))
    op.add_column("circuits", sa.Column("right", wide, nullable=True))
    op.add_column("circuits", sa.Column("worst", sa.Double(), nullable=True))
    op.add_column("circuits", sa.Column("roles", sa.Text(), nullable=True))
    connection = op.get_bind()
    renamed, results = dict[str, tuple[str, str]](), dict[tuple[str, str], tuple[str, str, str]]()
    made = _made(connection)
    for model in connection.execute(sa.select(models).order_by(models.c.id)).mappings().all():
        slug = _free_slug(connection, model["slug"], model["digest"])
        renamed[model["digest"]] = model["slug"], slug
        document = json.loads(bytes(model["document"]))
        [task] = document.get("tasks") or [{}]
        asked = _sha256(_canonical({name: task[name] for name in ("rows", "answers") if name in task}))
        tasks = [{"name": task.get("name", ""), "digest": asked}]
        network = _move_network(connection, model, slug, document, tasks)
        for rules, told in _reports(connection, model["id"]).items():
            key = _move_analysis(connection, model, network, asked, rules, told, made)
            results[model["digest"], rules] = key
    _convert_jobs(connection, renamed, results)
    for table in ("model_reports", "model_circuits", "models"):
        op.drop_table(table)


def downgrade() -> None:
    raise NotImplementedError("networks of all kinds are one table; use a backup from before")


def _free_slug(connection: sa.Connection, wanted: str, digest: str) -> str:
    taken = sa.text(
        "SELECT slug FROM networks WHERE slug = :slug UNION SELECT slug FROM former_slugs WHERE slug = :slug"
    )
    for slug in (wanted, f"{wanted[:73]}-{digest[:6]}", f"{wanted[:67]}-{digest[:12]}"):
        if connection.execute(taken, {"slug": slug}).first() is None:
            return slug
    return digest


def _move_network(
    connection: sa.Connection, model: Mapping[str, Any], slug: str, document: dict[str, Any], tasks: list[Any]
) -> int:
    """Put a model into the networks; the number that it has there."""
    kept = {name: model[name] for name in ("digest", "name", "kind", "origin", "created_at")}
    nothing: dict[str, Any] = {"sizes": [], "tasks": tasks, "training": {}, "parameters": b""}
    nothing |= dict.fromkeys(("activation", "output_activation", "input_data"), "")
    own = {"slug": slug, "document": bytes(model["document"]), "attribution": document.get("attribution", "")}
    own |= {"planted": document.get("planted"), "position": model["position"]}
    if model["origin"] == "bundled":
        own["position"] += BEHIND
    connection.execute(sa.insert(networks), kept | nothing | own)
    number = connection.scalar(sa.select(networks.c.id).where(networks.c.digest == model["digest"]))
    assert isinstance(number, int)  # noqa: S101  # it was just inserted
    return number


def _reports(connection: sa.Connection, model: int) -> dict[str, dict[str, Any]]:
    """What is told under each set of rules, by name."""
    found: dict[str, dict[str, Any]] = {}
    rows = connection.execute(sa.select(model_reports).where(model_reports.c.model_id == model))
    for row in rows.mappings():
        found.setdefault(row["rules"], {})[row["name"]] = json.loads(row["content"])
    return found


def _made(connection: sa.Connection) -> dict[tuple[str, str, str], tuple[datetime, float]]:
    """When what was found of a model under some rules was found, and how many seconds that took, by its name."""
    done = jobs.c.kind.like("model-%"), jobs.c.state.in_(("done", "truncated")), jobs.c.finished_at.is_not(None)
    found = {}
    for job in connection.execute(sa.select(jobs).where(*done)).mappings():
        name = "search" if job["kind"] == "model-circuits" else job["kind"].removeprefix("model-")
        began, ended = job["started_at"] or job["finished_at"], job["finished_at"]
        key = (job["arguments"]["model"], job["arguments"]["rules"], name)
        found[key] = ended, (ended - began).total_seconds()
    return found


def _move_analysis(
    connection: sa.Connection,
    model: Mapping[str, Any],
    network: int,
    task: str,
    rules: str,
    told: dict[str, Any],
    made: Mapping[tuple[str, str, str], tuple[datetime, float]],
) -> tuple[str, str, str]:
    """Make an analysis of what was found under some rules; digests of its protocol, data and result."""
    protocol = _save_protocol(connection, model["kind"], rules)
    search = told.pop("search", None)
    # lenses and others need no search: of what they stand on, no circuit is known
    engine = next(iter(told.values()), {}).get("engine_version", "") if search is None else search["engine_version"]
    possible = int(search["possible"]) if search else int(told.get("one-reader", {}).get("possible", 0))
    listed = list(_circuits(connection, model["id"], rules)) if search else []
    valid, n = (search["valid"], len(listed)) if search else (0, 0)
    judged = _judged(listed)
    by_bits, bit_use = (search["by_bits"], search["bit_use"]) if search else ([], [])
    distributions = _distributions(valid, by_bits, bit_use)
    head = {
        "output": 0,
        "protocol_digest": protocol,
        "data_digest": task,
        "engine_version": engine,
        "circuits_possible": possible,
        "circuits_valid": valid,
        "distributions": distributions,
        "network": model["digest"],
        "steps": [[key, _settings(key)[1]] for key in judged],
    }
    letters = list(map("".join, zip(*judged.values(), strict=True))) if judged else [""] * n
    shown = ("mask", "edges", "nodes", "right", "worst", "margin", "roles")
    columns = [",".join(str(one[name]) for one in listed) for name in shown]
    result = _sha256(_canonical(head), *(b"\n" + part.encode() for part in (*columns, ",".join(letters))))
    complete = search is not None and n == valid
    of_search, *others = (made.get((model["digest"], rules, name)) for name in ("search", *told))
    at_first = of_search or next(filter(None, others), (model["created_at"], 0.0))  # its job is no longer kept
    connection.execute(
        sa.insert(analyses),
        {
            "network_id": network,
            "output": 0,
            "protocol_digest": protocol,
            "data_digest": task,
            "engine_version": engine,
            "result_digest": result,
            "circuits_possible": _sortable(possible),
            "circuits_valid": _sortable(valid),
            "circuits_method": "refused" if search is None else "listed" if complete else "counted",
            "circuits_listed": n,
            "circuits_tested": _sortable(possible if search else 0),
            "circuits_truncated_at": None if complete else n,
            **dict.fromkeys(("interpretations_total", "interpretations_observed"), _sortable(0)),
            "interpretations_complete": False,
            "interpretations_truncated_at": 0,
            "algorithms_candidates": _sortable(0),
            "algorithms_truncated_at": 0,
            "algorithms_aligned": 0,
            **dict.fromkeys(("alignments_valid", "alignments_minimal"), _sortable(0)),
            "exhaustive": complete,
            "criteria": {},
            "distributions": distributions,
            "plan": {} if search else {"refused": "there are too many circuits to search"},
            "seconds": {},
            "provenance": {},
            "created_at": at_first[0],
        },
    )
    key = analyses.c.network_id == network, analyses.c.protocol_digest == protocol, analyses.c.data_digest == task
    number = connection.scalar(sa.select(analyses.c.id).where(*key))
    _move_circuits(connection, number, listed, letters)
    _save_verdicts(connection, number, judged, n)
    for name, report in told.items():
        at, seconds = made.get((model["digest"], rules, name), (at_first[0], 0.0))
        row = {"analysis_id": number, "kind": name, "thorough": True, "engine_version": engine}
        row |= {"found": report, "content": _sha256(_canonical(_untimed(report)))}
        row |= {"seconds": seconds, "beside": "", "created_at": at}
        connection.execute(sa.insert(reports), row)
    return protocol, task, result


def _save_protocol(connection: sa.Connection, kind: str, rules: str) -> str:
    settings, digest = _rules(kind, rules)
    row = {"digest": digest, "name": rules or "complete", "settings": settings, "kind": kind}
    if connection.execute(sa.select(protocols.c.digest).where(protocols.c.digest == digest)).first() is None:
        connection.execute(sa.insert(protocols), row)
    return digest


def _rules(kind: str, rules: str) -> tuple[dict[str, Any], str]:
    """Rules setting by setting, and the digest of these; of a kind that is not known here their text."""
    given = rules.split("-")
    chosen = {
        name: next((value for value in values if value in given), values[0])
        for name, values in SETTINGS.get(kind, {"rules": (rules,)}).items()
    }
    settings = {**chosen, "accuracy_threshold": ACCURACY_THRESHOLD}
    return settings, _sha256(_canonical(settings))


def _circuits(connection: sa.Connection, model: int, rules: str) -> Iterator[dict[str, Any]]:
    """The circuits of a search, masks ascending."""
    own = model_circuits.c.model_id == model, model_circuits.c.rules == rules
    for row in connection.execute(sa.select(model_circuits).where(*own).order_by(model_circuits.c.mask)).mappings():
        told = json.loads(row["told"])
        letters = "".join(LETTERS.get(told.pop(_column(key), ""), ".") for key in CRITERIA)
        roles = intern(json.dumps(told, ensure_ascii=False, sort_keys=True))  # many circuits have the same
        figures = {name: value for name, value in row.items() if name not in ("model_id", "rules", "told")}
        yield {**figures, "letters": intern(letters), "roles": roles}


def _column(criterion: str) -> str:
    return criterion.replace("-", "_")


def _judged(listed: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Of each criterion that judged any circuit a letter for every circuit."""
    if not listed:
        return {}
    minimal = {True: "P", False: "F", None: "U"}
    found = {"minimal-subset": "".join(minimal[one["minimal"]] for one in listed)}
    for at, key in enumerate(CRITERIA):
        letters = "".join(one["letters"][at] for one in listed)
        if letters.strip("."):
            found[key] = letters
    return found


def _move_circuits(
    connection: sa.Connection, analysis: Any, listed: Sequence[Mapping[str, Any]], letters: Sequence[str]
) -> None:
    rows = (
        {
            "analysis": analysis,
            "position": position,
            "neurons": one["nodes"],
            "interpretations": "0",
            "observed": "0",
            "verdicts": said,
            **{name: one[name] for name in ("mask", "edges", "margin", "right", "worst", "roles")},
        }
        for position, (one, said) in enumerate(zip(listed, letters, strict=True))
    )
    while some := list(islice(rows, AT_ONCE)):
        connection.execute(sa.insert(circuits), some)


def _save_verdicts(connection: sa.Connection, analysis: Any, judged: Mapping[str, str], n: int) -> None:
    for position, (key, letters) in enumerate(judged.items()):
        settings, digest = _settings(key)
        content = _canonical(["circuit", key, digest, n, ""]) + b"\n" + letters.encode()
        counts = {"passed": "P", "failed": "F", "undecided": "U", "not_applicable": "-"}
        row = {
            "analysis_id": analysis,
            "kind": "circuit",
            "position": position,
            "criterion": key,
            "settings_digest": digest,
            "settings": settings,
            "n": n,
            **{name: _sortable(letters.count(letter)) for name, letter in counts.items()},
            "note": "",
            "seconds": 0.0,
            "by_circuit": "",
            "content": _sha256(content),
        }
        connection.execute(sa.insert(verdicts), row)


def _settings(criterion: str) -> tuple[dict[str, float], str]:
    settings = CRITERIA.get(criterion, {})
    version = VERSIONS.get(criterion, 1)
    return settings, _sha256(_canonical(settings if version == 1 else [version, settings]))[:12]


def _distributions(valid: int, by_bits: Any, bit_use: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"of": valid, "edges": by_bits, "neurons": [], "edge_use": bit_use, "neuron_use": []}
    found |= dict.fromkeys(("margin", "interpretations", "observed", "iia"), EMPTY_HISTOGRAM)
    found |= {"alignments_per_algorithm": [], "candidates": None, "alignments_untried": False}
    return found | {"algorithms_truncated": 0, "drawn": None, "smallest": None, "stops": []}


def _convert_jobs(
    connection: sa.Connection,
    renamed: Mapping[str, tuple[str, str]],
    results: Mapping[tuple[str, str], tuple[str, str, str]],
) -> None:
    """Let jobs speak of networks and analyses as those of perceptrons do."""
    old = sa.or_(jobs.c.kind.like("model-%"), jobs.c.kind == "train-model")
    for job in connection.execute(sa.select(jobs).where(old)).mappings().all():
        told, result = job["arguments"], dict(job["result"] or {})
        digest, rules = told.get("model", result.get("model")), told.get("rules", "")
        former, slug = renamed.get(digest, ("", ""))
        if "url" in result and former != slug:
            result["url"] = result["url"].replace(f"/networks/{former}", f"/networks/{slug}", 1)
        if job["kind"] == "train-model":
            kind, arguments = "train", {"kind": "attention", "specs": [told["spec"]], "name": "", "protocols": []}
            result = {"url": result["url"], "networks": [digest]} if digest else result
        else:
            kind = job["kind"].removeprefix("model-")
            arguments = {"network": digest, "output": 0}
            result = {("network" if name == "model" else name): value for name, value in result.items()}
            if kind == "circuits" or (digest, rules) not in results:  # without an analysis nothing goes on from it
                settings, _ = _rules("attention", rules)
                kind, protocol = "analyse", {"name": rules or "complete", **settings}
                arguments |= {"protocol": protocol, "data": ""}
            else:
                names = ("protocol", "data", "result")
                arguments |= dict(zip(names, results[digest, rules], strict=True))
                arguments |= {"thorough": True} if kind in THOROUGH else {}
        values = {"kind": kind, "arguments": arguments, "result": result, "network_digest": arguments.get("network")}
        connection.execute(sa.update(jobs).where(jobs.c.id == job["id"]).values(**values))


def _sortable(value: int) -> str:
    digits = str(value)
    return f"{len(digits):03d}{digits}"


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _sha256(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _untimed(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: _untimed(value) for key, value in found.items() if key != "seconds"}
    return [_untimed(one) for one in found] if isinstance(found, list) else found
