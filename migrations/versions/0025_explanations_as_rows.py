"""Keep explanations as rows that people can read, and each result whole.

Revision 0025, after 0024, 2026-11-24.

Circuits stood in blocks of bytes, linear probes and stories in columns of bytes. Where all that a row needs is there,
it becomes a row; an analysis of which something is missing is removed, and its job waits to be done again. Columns that
were kept beside rows of algorithms and alignments follow from these, and go. Models and networks have addresses of one
kind: a model whose slug a network has, or had, gets six digits of its digest behind it. There is no way back: the store
as it was is kept (:mod:`app.db.upgrade`).
"""

from __future__ import annotations

import json
import math
import struct
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BLOCK = 4_096
WORDS = ("mask", "mask.1", "mask.2", "mask.3")  # 64 edges each
FORMATS = {"edges": "B", "neurons": "B", "margin": "d", "interpretations": "I", "observed": "I"}
RANKED = ("interpretations", "observed")
CIRCUITS = ("analysis", "position", "mask", "edges", "neurons", "margin", *RANKED)
PROBE_TYPES = {"ref": "", "name": "", "layer": "q", "margin": "d", "inputs": "q", "task": "?", "table": ""}
LETTERS = bytes.maketrans(bytes([*range(6), 255]), b"snwo-v?")
WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
KEY = ["network_id", "output", "protocol_digest", "data_digest"]
NOW = sa.DateTime(timezone=True)


def upgrade() -> None:
    _make_tables()
    connection = op.get_bind()
    _delete(connection, "analyses", "staged <> ''")
    query = (
        "SELECT a.id, a.circuits_listed, a.result_digest, n.sizes FROM analyses a JOIN networks n ON n.id = network_id"
    )
    for row in connection.execute(sa.text(query)).all():
        sizes = json.loads(row.sizes) if isinstance(row.sizes, str) else row.sizes
        n_edges = sum(a * b for a, b in pairwise([*sizes[:-1], 1]))
        if _is_whole(connection, row.id, row.circuits_listed, n_edges):
            _take_circuits_over(connection, row.id, row.circuits_listed, n_edges)
        else:
            _queue_again(connection, row.result_digest)
            _delete(connection, "analyses", f"id = {int(row.id)}")
    _take_probes_over(connection)
    _take_stories_over(connection)
    op.drop_table("circuit_blocks")
    op.drop_table("shelf_columns")
    _forget_staging(connection)
    _tell_models_apart(connection)


def downgrade() -> None:
    raise NotImplementedError("what stood in blocks is gone; use the store that was kept from before")


def _make_tables() -> None:
    op.create_table(
        "circuits",
        sa.Column("analysis", WIDE, nullable=False),
        sa.Column("position", WIDE, nullable=False),
        sa.Column("mask", sa.String(64), nullable=False),
        sa.Column("edges", WIDE, nullable=False),
        sa.Column("neurons", WIDE, nullable=False),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("interpretations", sa.Text(), nullable=False),
        sa.Column("observed", sa.Text(), nullable=False),
        *_keys("circuits", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "searches",
        sa.Column("analysis", WIDE, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("n", WIDE, nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("engine_version", sa.String(32), nullable=False),
        sa.Column("found_at", NOW, nullable=False),
        *_keys("searches", "kind"),
    )
    op.create_table(
        "probes",
        sa.Column("analysis", WIDE, nullable=False),
        sa.Column("position", WIDE, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("layer", WIDE, nullable=False),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("inputs", WIDE, nullable=False),
        sa.Column("task", sa.Boolean(), nullable=False),
        sa.Column("table", sa.Text(), nullable=False),
        *_keys("probes", "position"),
        sqlite_with_rowid=False,
    )
    op.add_column("analysis_reports", sa.Column("by_circuit", sa.Text(), nullable=False, server_default=""))


def _keys(table: str, second: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.PrimaryKeyConstraint("analysis", second, name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f(f"fk_{table}_analysis_analyses"), ondelete="CASCADE"
        ),
    )


def _delete(connection: sa.Connection, table: str, which: str) -> None:
    """Rows, and those that hang on them: SQLite cascades nothing while a schema changes."""
    inspector = sa.inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    for child in inspector.get_table_names():
        for key in inspector.get_foreign_keys(child):
            if key["referred_table"] == table and key["options"].get("ondelete") == "CASCADE":
                (own,), (theirs,) = key["constrained_columns"], key["referred_columns"]
                inside = f"SELECT {quote(theirs)} FROM {quote(table)} WHERE {which}"  # noqa: S608
                _delete(connection, child, f"{quote(own)} IN ({inside})")
    connection.execute(sa.text(f"DELETE FROM {quote(table)} WHERE {which}"))  # noqa: S608


def _queue_again(connection: sa.Connection, result_digest: str) -> None:
    """Let the job that made an analysis wait anew."""
    jobs = sa.table("jobs", sa.column("id"), sa.column("kind"), sa.column("result", sa.JSON()))
    for job, result in connection.execute(sa.select(jobs.c.id, jobs.c.result).where(jobs.c.kind == "analyse")).all():
        if result and result.get("result_digest") == result_digest:
            connection.execute(
                sa.text(
                    "UPDATE jobs SET state = 'queued', error = '', result = '{}', so_far = '{}', attempts = 0, "
                    "losses = 0, "
                    "stage = '', done = 0, total = 0, found = '', owner = NULL, lease_until = NULL, not_before = NULL, "
                    "started_at = NULL, finished_at = NULL WHERE id = :id"
                ),
                {"id": job},
            )


def _n_words(n_edges: int) -> int:
    return max(1, -(-n_edges // 64))


def _is_whole(connection: sa.Connection, analysis: int, n: int, n_edges: int) -> bool:
    """Whether all that rows need is there."""
    query = sa.text("SELECT name, sum(length(data)) FROM circuit_blocks WHERE analysis_id = :id GROUP BY name")
    sizes = dict(connection.execute(query, {"id": analysis}).all())
    wanted = dict.fromkeys(WORDS[: _n_words(n_edges)], 8 * n)
    wanted |= {name: n * struct.calcsize(code) for name, code in FORMATS.items()}
    values = all(sizes.get(f"{name}.values") for name in RANKED)
    return n == 0 or (values and all(sizes.get(name) == size for name, size in wanted.items()))


def _take_circuits_over(connection: sa.Connection, analysis: int, n: int, n_edges: int) -> None:
    digits = -(-n_edges // 4)
    of_columns = "SELECT data FROM circuit_blocks WHERE analysis_id = :id AND name = :name ORDER BY block"
    values = {}
    for name in RANKED:
        parts = connection.scalars(sa.text(of_columns), {"id": analysis, "name": f"{name}.values"}).all()
        values[name] = [value for part in parts for value in bytes(part).decode().split(",")]
    names = ", ".join(f"'{name}'" for name in (*WORDS, *FORMATS))
    some = sa.text(
        f"SELECT name, data FROM circuit_blocks WHERE analysis_id = :id AND name IN ({names}) AND block = :block"  # noqa: S608
    )
    for number, first in enumerate(range(0, n, BLOCK)):
        found = {name: bytes(data) for name, data in connection.execute(some, {"id": analysis, "block": number})}
        size = min(BLOCK, n - first)
        words = [struct.unpack(f"<{size}Q", found[word]) for word in WORDS[: _n_words(n_edges)]]
        masks = [sum(part << 64 * place for place, part in enumerate(parts)) for parts in zip(*words, strict=True)]
        column = {name: struct.unpack(f"<{size}{code}", found[name]) for name, code in FORMATS.items()}
        rows = [
            (
                analysis,
                first + k,
                f"{masks[k]:0{digits}x}",
                column["edges"][k],
                column["neurons"][k],
                _number(column["margin"][k]),
                *(values[name][column[name][k]] for name in RANKED),
            )
            for k in range(size)
        ]
        _insert(connection, "circuits", CIRCUITS, rows)


def _insert(connection: sa.Connection, table: str, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    into, values = ", ".join(map(quote, names)), ", ".join([mark] * len(names))
    if rows:
        connection.exec_driver_sql(f"INSERT INTO {quote(table)} ({into}) VALUES ({values})", rows)  # noqa: S608


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _shelves(connection: sa.Connection, kind: str) -> Iterator[tuple[int, dict[str, bytes]]]:
    """The columns of a kind, analysis by analysis."""
    query = sa.text("SELECT analysis_id, name, data FROM shelf_columns WHERE kind = :kind")
    found: dict[int, dict[str, bytes]] = defaultdict(dict)
    for analysis, name, data in connection.execute(query, {"kind": kind}):
        found[analysis][name] = bytes(data)
    yield from found.items()


def _take_probes_over(connection: sa.Connection) -> None:
    """One that a version searched which knew fewer columns is searched again at the next start."""
    searches = sa.table("searches", *map(sa.column, ("analysis", "kind", "n", "complete", "note", "engine_version")))
    searches.append_column(sa.column("found_at", NOW))
    for analysis, data in _shelves(connection, "probe"):
        if not {"search", *PROBE_TYPES} <= data.keys():
            continue
        told = json.loads(data["search"])
        row = {name: told[name] for name in ("n", "complete", "note", "engine_version")}
        connection.execute(
            sa.insert(searches).values(analysis=analysis, kind="probe", found_at=datetime.now(UTC), **row)
        )
        columns = [_column(data[name], code) for name, code in PROBE_TYPES.items()]
        rows = [
            (analysis, position, *map(_number, values)) for position, values in enumerate(zip(*columns, strict=True))
        ]
        _insert(connection, "probes", ("analysis", "position", *PROBE_TYPES), rows)


def _column(data: bytes, code: str) -> list[Any]:
    if not code:
        return data.decode().split("\n") if data else []
    return [value for (value,) in struct.iter_unpack(f"<{code}", data)]


def _take_stories_over(connection: sa.Connection) -> None:
    """What is told of each circuit, a letter each, beside its report."""
    update = sa.text("UPDATE analysis_reports SET by_circuit = :letters WHERE analysis_id = :id AND kind = 'stories'")
    for analysis, data in _shelves(connection, "stories"):
        connection.execute(update, {"letters": data["relation"].translate(LETTERS).decode(), "id": analysis})


def _forget_staging(connection: sa.Connection) -> None:
    _delete(connection, "verdicts", "staged <> ''")
    with op.batch_alter_table("analyses") as batch_op:
        batch_op.drop_constraint(f"uq_analyses_{'_'.join(KEY)}_staged", type_="unique")
        batch_op.alter_column(
            "staged", new_column_name="so_far", existing_type=sa.String(20), existing_server_default=""
        )
    with op.batch_alter_table("analyses") as batch_op:
        batch_op.create_unique_constraint(op.f(f"uq_analyses_{'_'.join(KEY)}_so_far"), [*KEY, "so_far"])
    key = ["analysis_id", "kind", "criterion", "settings_digest"]
    with op.batch_alter_table("verdicts") as batch_op:
        batch_op.drop_constraint(f"uq_verdicts_{'_'.join(key)}_staged", type_="unique")
        batch_op.drop_column("staged")
        batch_op.create_unique_constraint(op.f(f"uq_verdicts_{'_'.join(key)}"), key)


def _tell_models_apart(connection: sa.Connection) -> None:
    """Give models whose slug a network has, or had, another."""
    taken = "slug IN (SELECT slug FROM networks UNION SELECT slug FROM former_slugs)"
    apart = "substr(slug, 1, 73) || '-' || substr(digest, 1, 6)"
    connection.execute(sa.text(f"UPDATE models SET slug = {apart} WHERE {taken}"))  # noqa: S608
