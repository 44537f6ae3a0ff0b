"""Keep circuits in columns, save in stages, and index every order of the lists.

Revision 0003, after 0002, 2026-11-20.

A row for each circuit and an index for each order made a million circuits slow to save and slow to filter; their
columns in blocks are neither. What was stored is repacked, both ways. Verdicts that an alignment's own row holds
already are no longer stored a second time. The format of the blocks is written out here, so that later changes of the
program leave this step as it is.
"""

from __future__ import annotations

import json
import struct
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BLOCK = 4_096
FORMATS = {"mask": "Q", "edges": "B", "neurons": "B", "margin": "d", "interpretations": "I", "observed": "I"}
RANKED = ("interpretations", "observed")
KEY = ["network_id", "output", "protocol_digest", "data_digest"]
COUNT = sa.String(length=1003)
REDUNDANT = ("both-directions", "one-direction", "minimal-alignment")
ORDERS = ("n_gates", "n_variables", "depth")
LARGEST_FIRST = ("n_valid", "n_minimal", "best_iia")
LISTED = ["algorithm_row_id", "valid", "minimal", "id"]


ANALYSES = sa.table(
    "analyses",
    *map(
        sa.column,
        (
            "id",
            "circuits_method",
            "circuits_listed",
            "circuits_low",
            "circuits_high",
            "circuits_confidence",
            "circuits_tested",
            "circuits_truncated_at",
            "interpretations_complete",
        ),
    ),
    sa.column("distributions", sa.JSON()),
)


def upgrade() -> None:
    op.create_table(
        "circuit_blocks",
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("first", COUNT, nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_circuit_blocks_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "name", "block", name=op.f("pk_circuit_blocks")),
    )
    with op.batch_alter_table("analyses") as batch_op:
        batch_op.add_column(sa.Column("staged", sa.String(length=20), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("circuits_method", sa.String(16), nullable=False, server_default="listed"))
        batch_op.add_column(sa.Column("circuits_listed", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("circuits_low", COUNT, nullable=True))
        batch_op.add_column(sa.Column("circuits_high", COUNT, nullable=True))
        batch_op.add_column(sa.Column("circuits_confidence", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("circuits_tested", COUNT, nullable=True))
        batch_op.add_column(
            sa.Column("interpretations_complete", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch_op.add_column(sa.Column("interpretations_truncated_at", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("plan", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.drop_constraint("uq_analyses_network_id_output_protocol_digest_data_digest", type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_analyses_network_id_output_protocol_digest_data_digest_staged"), [*KEY, "staged"]
        )
    with op.batch_alter_table("algorithms") as batch_op:
        batch_op.add_column(sa.Column("minus_position", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("best_iia", sa.Integer(), nullable=False, server_default="-1"))
        batch_op.add_column(sa.Column("first_alignment", sa.String(length=16), nullable=True))
        batch_op.drop_index(op.f("ix_algorithms_analysis_id_n_valid_position"))
    with op.batch_alter_table("alignments") as batch_op:
        batch_op.drop_index(op.f("ix_alignments_analysis_id_valid_minimal_id"))
        batch_op.drop_index(op.f("ix_alignments_analysis_id_iia_id"))
    for column in ORDERS:
        op.create_index(op.f(f"ix_algorithms_analysis_id_{column}_position"), "algorithms", _order(column))
    for column in LARGEST_FIRST:
        columns = ["analysis_id", column, "minus_position"]
        op.create_index(op.f(f"ix_algorithms_{'_'.join(columns)}"), "algorithms", columns)
    op.create_index(op.f("ix_alignments_analysis_id"), "alignments", ["analysis_id"])
    op.create_index(op.f(f"ix_alignments_{'_'.join(LISTED)}"), "alignments", LISTED)
    connection = op.get_bind()
    _fill_algorithms(connection)
    for analysis_id, stored in connection.execute(sa.text("SELECT id, distributions FROM analyses")).all():
        spread = json.loads(stored) if isinstance(stored, str) else stored
        listed, margins = _pack(connection, analysis_id)
        numbers = spread.pop("circuits", {"method": "listed", "of": listed})
        spread |= {
            "of": numbers["of"],
            "margin_range": margins,
            "algorithm_kinds": _kinds(connection, analysis_id),
            "algorithms_truncated": connection.scalar(
                sa.text("SELECT count(*) FROM algorithms WHERE analysis_id = :id AND truncated_at > 0"),
                {"id": analysis_id},
            ),
        }
        low, high = map(_sortable, numbers["interval"]) if numbers.get("interval") else (None, None)
        tested = numbers.get("tested")
        connection.execute(
            sa.update(ANALYSES)
            .where(ANALYSES.c.id == analysis_id)
            .values(
                circuits_method=numbers["method"],
                circuits_listed=listed,
                circuits_low=low,
                circuits_high=high,
                circuits_confidence=numbers.get("confidence"),
                circuits_tested=None if tested is None else _sortable(tested),
                interpretations_complete=sa.case((ANALYSES.c.circuits_truncated_at.is_(None), True), else_=False),
                distributions=spread,
            )
        )
    op.drop_table("circuits")
    connection.execute(sa.delete(_table("scores", "criterion")).where(sa.column("criterion").in_(REDUNDANT)))


def downgrade() -> None:
    op.create_table(
        "circuits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("mask", sa.String(length=32), nullable=False),
        sa.Column("n_edges", sa.Integer(), nullable=False),
        sa.Column("n_neurons", sa.Integer(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=False),
        sa.Column("outputs", sa.LargeBinary(), nullable=False),
        sa.Column("interpretations", COUNT, nullable=False),
        sa.Column("observed", COUNT, nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_circuits_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circuits")),
        sa.UniqueConstraint("analysis_id", "mask", name=op.f("uq_circuits_analysis_id_mask")),
    )
    for column in ("interpretations", "margin", "n_edges", "n_neurons", "observed"):
        op.create_index(op.f(f"ix_circuits_analysis_id_{column}_mask"), "circuits", ["analysis_id", column, "mask"])
    connection = op.get_bind()
    connection.execute(sa.text("DELETE FROM analyses WHERE staged <> ''"))
    for row in connection.execute(
        sa.text("SELECT a.id, n.sizes FROM analyses a JOIN networks n ON n.id = a.network_id")
    ).all():
        _unpack(connection, *row)
        _put_numbers_back(connection, row.id)
    with op.batch_alter_table("alignments") as batch_op:
        batch_op.drop_index(op.f(f"ix_alignments_{'_'.join(LISTED)}"))
        batch_op.drop_index(op.f("ix_alignments_analysis_id"))
        batch_op.create_index(op.f("ix_alignments_analysis_id_iia_id"), ["analysis_id", "iia", "id"])
        batch_op.create_index(
            op.f("ix_alignments_analysis_id_valid_minimal_id"), ["analysis_id", "valid", "minimal", "id"]
        )
    with op.batch_alter_table("algorithms") as batch_op:
        for column in ORDERS:
            batch_op.drop_index(op.f(f"ix_algorithms_analysis_id_{column}_position"))
        for column in LARGEST_FIRST:
            batch_op.drop_index(op.f(f"ix_algorithms_analysis_id_{column}_minus_position"))
        batch_op.create_index(op.f("ix_algorithms_analysis_id_n_valid_position"), _order("n_valid"))
        batch_op.drop_column("minus_position")
        batch_op.drop_column("first_alignment")
        batch_op.drop_column("best_iia")
    with op.batch_alter_table("analyses") as batch_op:
        batch_op.drop_constraint("uq_analyses_network_id_output_protocol_digest_data_digest_staged", type_="unique")
        for column in (
            "staged",
            "circuits_method",
            "circuits_listed",
            "circuits_low",
            "circuits_high",
            "circuits_confidence",
            "circuits_tested",
            "interpretations_complete",
            "interpretations_truncated_at",
            "plan",
        ):
            batch_op.drop_column(column)
        batch_op.create_unique_constraint(op.f("uq_analyses_network_id_output_protocol_digest_data_digest"), KEY)
    op.drop_table("circuit_blocks")


def _order(column: str) -> list[str]:
    return ["analysis_id", column, "position"]


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns))


def _fill_algorithms(connection: sa.Connection) -> None:
    """The best alignment of each algorithm was the one stored first."""
    connection.execute(
        sa.text(
            "UPDATE algorithms SET minus_position = -position, first_alignment = (SELECT alignment_id FROM alignments "
            "WHERE algorithm_row_id = algorithms.id ORDER BY id LIMIT 1), best_iia = CASE "
            "WHEN best_agreed IS NULL THEN -1 WHEN best_of = 0 THEN 1000000000 "
            "ELSE CAST(best_agreed AS BIGINT) * 1000000000 / best_of END"
        )
    )


def _kinds(connection: sa.Connection, analysis_id: int) -> list[list[Any]]:
    """Algorithms alike in all that can be filtered by, with their sums."""
    classes = "irredundant_gates, irredundant_functions, irredundant_literals"
    rows = connection.execute(
        sa.text(f"SELECT n_valid, n_minimal, {classes}, n_variables FROM algorithms WHERE analysis_id = :id"),  # noqa: S608
        {"id": analysis_id},
    )
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for n_valid, n_minimal, *verdicts, variables in rows:
        valid, minimal = int(n_valid[3:]), int(n_minimal[3:])
        kind = (valid > 0, minimal > 0, *(None if v is None else bool(v) for v in verdicts), variables)
        for i, n in enumerate((1, valid, minimal)):
            sums[kind][i] += n
    return [[*kind, *three] for kind, three in sums.items()]


def _pack(connection: sa.Connection, analysis_id: int) -> tuple[int, list[float]]:
    """Rows of circuits to blocks; how many there are, and their smallest and largest margin."""
    names = "mask, n_edges, n_neurons, margin, interpretations, observed, outputs"
    rows = connection.execute(
        sa.text(f"SELECT {names} FROM circuits WHERE analysis_id = :id ORDER BY mask"),  # noqa: S608
        {"id": analysis_id},
    ).all()
    if not rows:
        return 0, []
    blocks: list[dict[str, Any]] = []

    def add(name: str, number: int, data: bytes, first: str | None = None) -> None:
        blocks.append({"analysis_id": analysis_id, "name": name, "block": number, "first": first, "data": data})

    columns = dict(zip((*FORMATS, "outputs"), map(list, zip(*rows, strict=True)), strict=True))
    masks = columns["mask"]
    columns["mask"] = [int(mask, 16) for mask in masks]
    for name in RANKED:
        distinct = sorted(set(columns[name]))  # as sorting text
        rank_of = {value: rank for rank, value in enumerate(distinct)}
        columns[name] = [rank_of[value] for value in columns[name]]
        for number, part in enumerate(_parts(distinct)):
            add(f"{name}.values", number, ",".join(value[3:] for value in part).encode(), part[0])
    for name, code in FORMATS.items():
        for number, part in enumerate(_parts(columns[name])):
            first = masks[number * BLOCK] if name == "mask" else None
            add(name, number, struct.pack(f"<{len(part)}{code}", *part), first)
    for number, part in enumerate(_parts(columns["outputs"])):
        add("outputs", number, b"".join(map(bytes, part)))
    table = _table("circuit_blocks", "analysis_id", "name", "block", "first", "data")
    connection.execute(sa.insert(table), blocks)
    return len(rows), [min(columns["margin"]), max(columns["margin"])]


def _parts(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), BLOCK):
        yield values[start : start + BLOCK]


def _put_numbers_back(connection: sa.Connection, analysis_id: int) -> None:
    """How the number of circuits was found stood among the figures."""
    row = connection.execute(sa.select(ANALYSES).where(ANALYSES.c.id == analysis_id)).one()
    new = ("of", "margin_range", "algorithm_kinds", "algorithms_truncated")
    spread = {name: value for name, value in row.distributions.items() if name not in new}
    low, high, tested = (
        None if value is None else int(value[3:])
        for value in (row.circuits_low, row.circuits_high, row.circuits_tested)
    )
    spread["circuits"] = {
        "method": row.circuits_method,
        "interval": None if low is None else [low, high],
        "confidence": row.circuits_confidence,
        "tested": tested,
        "of": row.distributions["of"],
    }
    connection.execute(sa.update(ANALYSES).where(ANALYSES.c.id == analysis_id).values(distributions=spread))


def _unpack(connection: sa.Connection, analysis_id: int, stored_sizes: Any) -> None:
    """Blocks of circuits back to rows."""
    sizes = json.loads(stored_sizes) if isinstance(stored_sizes, str) else stored_sizes
    sizes = [*sizes[:-1], 1]
    digits = -(-sum(a * b for a, b in pairwise(sizes)) // 4)
    data: dict[str, bytes] = defaultdict(bytes)
    values: dict[str, list[int]] = defaultdict(list)
    found = connection.execute(
        sa.text("SELECT name, data FROM circuit_blocks WHERE analysis_id = :id ORDER BY name, block"),
        {"id": analysis_id},
    )
    for name, part in found:
        if name.endswith(".values"):
            values[name.removesuffix(".values")] += map(int, bytes(part).split(b","))
        else:
            data[name] += bytes(part)
    if not data:
        return
    n = len(data["edges"])
    columns = {name: struct.unpack(f"<{n}{code}", data[name]) for name, code in FORMATS.items()}
    width = len(data["outputs"]) // n
    rows = [
        {
            "analysis_id": analysis_id,
            "mask": f"{columns['mask'][k]:0{digits}x}",
            "n_edges": columns["edges"][k],
            "n_neurons": columns["neurons"][k],
            "margin": columns["margin"][k],
            "outputs": data["outputs"][k * width : (k + 1) * width],
            **{name: _sortable(values[name][columns[name][k]]) for name in RANKED},
        }
        for k in range(n)
    ]
    connection.execute(sa.insert(_table("circuits", *rows[0])), rows)


def _sortable(value: int) -> str:
    digits = str(value)
    return f"{len(digits):03d}{digits}"
