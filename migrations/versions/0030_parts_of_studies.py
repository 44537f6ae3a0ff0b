"""Keep what came of a study's networks as Parquet files, with all that is known of each network.

Revision 0030, after 0029, 2026-11-27.

Outcomes were rows, and every network of a study was stored as a network of its own. Now a study's rows stand in files,
weights included, and a network is stored when somebody looks at it; those that are stored stay. Chunks of studies were
jobs, which go; a study that was running goes on from what is there. There is no way back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

AT_ONCE = 500  # outcomes that are held in memory
IN_A_PART = 5_000
MOST_TEXT = 64 << 20  # bytes of a part's rows as JSON, and of one row at most
FACTORS = {
    "tasks": [],
    "hidden": [],
    "activation": [],
    "output_activation": [None],
    "loss_target": [0.01],
    "noise_std": [0.0],
    "input_weights": [None],
    "planting": [""],
    "prior": [""],
    "regularisation": [""],
}
"""Factors of grids in their order, with what a design says that does not name one."""
BEFORE = {"cell": "VARCHAR", "seed": "BIGINT", "protocol": "VARCHAR", "output": "INTEGER", "state": "VARCHAR"}
AFTER = {
    "inexact": "VARCHAR",
    "message": "VARCHAR",
    "epochs": "INTEGER",
    "loss": "DOUBLE",
    "accuracy": "DOUBLE",
    "seconds": "DOUBLE",
    **dict.fromkeys(FACTORS, "VARCHAR"),
    "negative_slope": "DOUBLE",
    "network": "VARCHAR",
    "sizes": "INTEGER[]",
    "tables": "VARCHAR[]",
    "weights": "DOUBLE[]",
    "data": "VARCHAR",
    "planted": "VARCHAR",
}
MOST = 10**38
TYPES: dict[type, str] = {bool: "BOOLEAN", int: "DECIMAL(38,0)", float: "DOUBLE", str: "VARCHAR", list: "VARCHAR[]"}

studies = sa.table("studies", *map(sa.column, ("id", "engine_version")), sa.column("design", sa.JSON))
studies.append_column(sa.column("provenance", sa.JSON))
studies.append_column(sa.column("digest"))
outcomes = sa.table(
    "study_outcomes",
    *map(sa.column, ("study_id", "position", "cell", "seed", "state", "message", "network_digest")),
    *map(sa.column, ("epochs", "loss", "accuracy", "seconds", "data_digest")),
    sa.column("figures", sa.JSON),
)
networks = sa.table(
    "networks",
    *map(sa.column, ("digest", "activation", "output_activation", "negative_slope", "parameters")),
    *(sa.column(name, sa.JSON) for name in ("sizes", "tasks", "planted")),
)
data = sa.table("data_records", sa.column("digest"), sa.column("record"))
parts = sa.table("study_parts", *map(sa.column, ("study_id", "digest", "body")))


def upgrade() -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    op.create_table(
        "study_parts",
        sa.Column("id", wide, nullable=False),
        sa.Column("study_id", wide, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_study_parts_study_id_studies"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_parts")),
        sa.UniqueConstraint("study_id", "digest", name=op.f("uq_study_parts_study_id_digest")),
    )
    op.create_index(op.f("ix_study_parts_digest"), "study_parts", ["digest"])
    op.add_column("studies", sa.Column("summary", sa.JSON(), nullable=True))
    op.add_column("studies", sa.Column("summed_up", wide, nullable=False, server_default="0"))
    connection = op.get_bind()
    for study in connection.execute(sa.select(studies)).mappings().all():
        _make_parts(connection, study)
    op.execute("DELETE FROM job_log WHERE job_id IN (SELECT id FROM jobs WHERE kind = 'study')")
    op.execute("DELETE FROM jobs WHERE kind = 'study'")
    op.drop_table("study_outcomes")


def downgrade() -> None:
    raise NotImplementedError("outcomes stand in files; use a backup from before")


def _make_parts(connection: sa.Connection, study: Mapping[str, Any]) -> None:
    """Make files of a study's outcomes, some thousand in each."""
    cells, measures = _cells(study["design"]), _types(connection, study["id"])
    after = {name: kind for name, kind in AFTER.items() if name not in FACTORS or name in cells[0]}
    columns = {**BEFORE, **measures, **after}
    about = {
        "format": "pluriscope-study-table/1",
        "design": json.dumps(study["design"]),
        "digest": study["digest"],
        "engine": study["engine_version"],
        "provenance": json.dumps(study["provenance"]),
    }
    with TemporaryDirectory() as folder:
        lines, n_networks = Path(folder) / "rows.jsonl", 0

        def keep() -> None:
            body = _parquet(Path(folder), columns, about)
            digest = hashlib.sha256(body).hexdigest()
            connection.execute(sa.insert(parts), {"study_id": study["id"], "digest": digest, "body": body})
            lines.unlink()

        for some in _outcomes(connection, study["id"], *outcomes.c):
            with lines.open("a", encoding="utf-8") as file:
                for row in _rows(connection, some, cells, measures):
                    file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            n_networks += len(some)
            if n_networks >= IN_A_PART or lines.stat().st_size > MOST_TEXT:
                keep()
                n_networks = 0
        if n_networks:
            keep()


def _outcomes(connection: sa.Connection, study: int, *columns: Any) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Those of a study in the order of cells and seeds, some hundred at a time."""
    place = outcomes.c.position, outcomes.c.seed
    query = sa.select(*columns).where(outcomes.c.study_id == study).order_by(*place).limit(AT_ONCE)
    rows = connection.execute(query).mappings().all()
    while rows:
        yield rows
        last = sa.tuple_(*place) > (rows[-1]["position"], rows[-1]["seed"])
        rows = connection.execute(query.where(last)).mappings().all()


def _types(connection: sa.Connection, study: int) -> dict[str, str]:
    """The type of each measure by its values; what is empty everywhere has no column."""
    found: dict[str, str | None] = {}
    for some in _outcomes(connection, study, outcomes.c.position, outcomes.c.seed, outcomes.c.figures):
        for row in some:
            for output in (output for outputs in row["figures"].values() for output in outputs):
                for name, told in output.items():
                    value = told.get("value") if isinstance(told, dict) else told
                    kind, known = TYPES.get(type(value)), found.get(name)
                    numbers = {kind, known} == {"DOUBLE", "DECIMAL(38,0)"}
                    found[name] = "DOUBLE" if numbers else kind or known
    return {name: kind for name, kind in found.items() if kind is not None}


def _rows(
    connection: sa.Connection,
    some: Sequence[Mapping[str, Any]],
    cells: Sequence[Mapping[str, Any]],
    measures: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    """The rows of some outcomes: one for each protocol and output, or one for a network without values."""
    stored = _by_digest(connection, networks, [row["network_digest"] for row in some])
    judged_on = _by_digest(connection, data, [row["data_digest"] for row in some])
    for outcome in some:
        own = ("cell", "seed", "state", "message", "epochs", "loss", "accuracy")
        told = {name: outcome[name] for name in own} | {"seconds": round(outcome["seconds"], 4)}
        told |= cells[outcome["position"]] | {"network": outcome["network_digest"]}
        network, record = stored.get(outcome["network_digest"]), judged_on.get(outcome["data_digest"])
        if record is not None:
            told["data"] = bytes(record["record"]).decode()
        if network is not None:
            told |= {name: network[name] for name in ("activation", "output_activation", "negative_slope", "sizes")}
            told["tables"] = ["".join(map(str, task["truth_table"])) for task in network["tasks"]]
            told["weights"] = np.frombuffer(network["parameters"], "<f8").tolist()
            told["planted"] = None if network["planted"] is None else json.dumps(network["planted"])
        values = [(name, at, one) for name, outputs in outcome["figures"].items() for at, one in enumerate(outputs)]
        for protocol, output, measured in values:
            yield told | {"protocol": protocol, "output": output} | _values(measured, measures)
        if not values:
            yield told


def _values(measured: Mapping[str, Any], measures: Mapping[str, str]) -> dict[str, Any]:
    """The values of one output, and beside them what is to be said of those that are not exact or too large."""
    values, inexact = {}, {}
    for name, told in measured.items():
        beside = {key: part for key, part in told.items() if key != "value"} if isinstance(told, dict) else {}
        value = told.get("value") if isinstance(told, dict) else told
        if measures.get(name) == "DECIMAL(38,0)" and value is not None and abs(value) >= MOST:
            beside["value"], value = str(value), None
        values[name] = value
        if beside:
            inexact[name] = beside
    return values | {"inexact": json.dumps(inexact, ensure_ascii=False) if inexact else None}


def _by_digest(connection: sa.Connection, table: Any, digests: Sequence[str | None]) -> dict[Any, Mapping[str, Any]]:
    rows = connection.execute(sa.select(table).where(table.c.digest.in_([one for one in digests if one])))
    return {row["digest"]: row for row in rows.mappings()}


def _parquet(folder: Path, columns: Mapping[str, str], about: Mapping[str, str]) -> bytes:
    """The lines in a folder as the bytes of a Parquet file."""
    types = ", ".join(f"{_quoted(name)}: {_literal(kind)}" for name, kind in columns.items())
    told = ", ".join(f"{name}: {_literal(text)}" for name, text in about.items())
    lines = _literal(str(folder / "rows.jsonl"))
    source = f"read_json({lines}, format = 'nd', columns = {{{types}}}, maximum_object_size = {MOST_TEXT})"
    file = folder / "rows.parquet"
    with duckdb.connect(config={"threads": 1, "memory_limit": "512MB"}) as database:
        database.execute(
            f"COPY (SELECT * FROM {source}) TO {_literal(str(file))} "  # noqa: S608
            f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{told}}})"
        )
    return file.read_bytes()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _cells(design: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the columns of factors say, cell by cell: labels of those that vary, and both activations."""
    levels = {factor: design.get(factor) or default for factor, default in FACTORS.items()}
    slope = (design.get("training") or {}).get("negative_slope")
    shown = [f for f in FACTORS if len(levels[f]) > 1 and f not in ("activation", "output_activation")]
    cells = []
    for choice in product(*levels.values()):
        cell = dict(zip(FACTORS, choice, strict=True))
        own = {"activation": cell["activation"], "output_activation": cell["output_activation"] or cell["activation"]}
        cells.append({factor: _label(factor, cell[factor]) for factor in shown} | own | {"negative_slope": slope})
    return cells


def _label(factor: str, level: Any) -> str:
    if factor == "tasks":
        return f"{len(level)} drawn" if "?" in level else " + ".join(level)
    if factor == "hidden":
        return "-".join(map(str, level))
    if factor == "input_weights":
        return "equal" if level is None else ":".join(f"{weight:g}" for weight in level)
    if factor in ("planting", "regularisation", "prior"):
        return level or ("trained" if factor == "prior" else "none")
    return f"{level:g}"
