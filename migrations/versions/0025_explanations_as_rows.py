"""Keep explanations as rows that people can read, and each result whole.

Revision 0025, after 0024, 2026-11-24.

Circuits stood in blocks of bytes, linear probes and stories in columns of bytes. Where all that a row needs is there,
it becomes a row; an analysis of which something is missing is removed, and its job waits to be done again. Columns that
were kept beside rows of algorithms and alignments follow from these, and go. So do the orders of the former list of
algorithms, and parts of unfinished jobs.

Verdicts, in blocks of bytes too, become a letter in the row of each explanation, those on interpretations a text in the
row of their criterion; their scores go. Where they are not about just the explanations that are there, the jobs that
judged these wait to be done again.

Circuits of models stood in columns of bytes, too, and become rows; what else was found of them is kept as text.

What was found on directions is found again, which takes seconds, and so is the common ground; ids keep what they stand
for. Claims become short links to the addresses that hold them. Models and networks have addresses of one kind: a model
whose slug a network has, or had, gets six digits of its digest behind it. There is no way back: the store as it was is
kept (:mod:`pluriscope.app.db.upgrade`).
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BLOCK = 4_096
VERDICTS = 16_384  # in a block
WORDS = ("mask", "mask.1", "mask.2", "mask.3")  # 64 edges each
FORMATS = {"edges": "B", "neurons": "B", "margin": "d", "interpretations": "I", "observed": "I"}
MODEL_CIRCUITS = {"ref": "", "edges": "q", "nodes": "q", "right": "q", "worst": "d", "margin": "d", "minimal": "?"}
RANKED = ("interpretations", "observed")
CIRCUITS = ("analysis", "position", "mask", "edges", "neurons", "margin", *RANKED)
PROBE_TYPES = {"ref": "", "name": "", "layer": "q", "margin": "d", "inputs": "q", "task": "?", "table": ""}
RELATIONS = bytes.maketrans(bytes([*range(6), 255]), b"snwo-v?")
OUTCOMES = bytes.maketrans(bytes(range(4)), b"PFU-")
NOT_APPLICABLE = 3
COUNTS = ("passed", "undecided", "representatives", "representatives_undecided", "totals")
# of each kind of explanation that has verdicts: its table, the column of the analysis, the order, which are judged
JUDGED = {
    "circuit": ("circuits", "analysis", "position", "1 = 1"),
    "algorithm": ("algorithms", "analysis_id", "position", "1 = 1"),
    "alignment": ("alignments", "analysis_id", "id", "valid"),
    "probe": ("probes", "analysis", "position", "1 = 1"),
}
WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
ORDERS = (
    *("n_valid_minus_position", "n_minimal_minus_position", "best_iia_minus_position"),
    *("n_gates_position", "n_variables_position", "depth_position"),
)
KEY = ["network_id", "output", "protocol_digest", "data_digest"]
POSITION = ["analysis_id", "kind", "position"]
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
            _make_again(connection, row.result_digest)
            _delete(connection, "analyses", f"id = {int(row.id)}")
    _take_probes_over(connection)
    _take_stories_over(connection)
    _take_claims_over(connection)
    directions = "direction_alignments", "direction_algorithms", "direction_searches"
    gone = "claim_places", "claims", "common_ground_blocks", "common_grounds"
    for table in ("circuit_blocks", "shelf_columns", *gone, *directions):
        op.drop_table(table)
    _forget_staging(connection)
    for (analysis,) in connection.execute(sa.text("SELECT id FROM analyses")).all():
        _take_verdicts_over(connection, analysis)
    op.drop_table("verdict_blocks")
    op.drop_table("job_shards")
    with op.batch_alter_table("algorithms") as batch_op:
        for order in ORDERS:
            batch_op.drop_index(f"ix_algorithms_analysis_id_{order}")
        for column in ("minus_position", "best_iia"):
            batch_op.drop_column(column)
    with op.batch_alter_table("verdicts") as batch_op:
        batch_op.alter_column("position", existing_type=WIDE, server_default=None)
        batch_op.create_unique_constraint(op.f("uq_verdicts_analysis_id_kind_position"), POSITION)
    _tell_models_apart(connection)
    _take_model_circuits_over(connection)
    op.drop_table("model_columns")


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
        _letters(),
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
        _letters(),
        *_keys("probes", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "directions",
        sa.Column("analysis", WIDE, nullable=False),
        sa.Column("position", WIDE, nullable=False),
        *(sa.Column(name, sa.String(16), nullable=False) for name in ("algorithm_id", "alignment_id", "form")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("algorithm_text", "formula", "text", "classes")),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("agreed", WIDE, nullable=False),
        sa.Column("of", WIDE, nullable=False),
        sa.Column("joint_agreed", WIDE, nullable=True),
        sa.Column("joint_of", WIDE, nullable=True),
        sa.Column("causal_order", sa.Boolean(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("families", sa.JSON(), nullable=False),
        *_keys("directions", "position"),
    )
    op.create_index(op.f("ix_directions_alignment_id"), "directions", ["alignment_id"])
    op.create_table(
        "model_circuits",
        *_model_keys(),
        sa.Column("position", WIDE, nullable=False),
        sa.Column("mask", sa.String(64), nullable=False),
        *(sa.Column(name, WIDE, nullable=False) for name in ("edges", "nodes", "right")),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("worst", "margin")),
        sa.Column("minimal", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        *_of_model("model_circuits", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "model_reports",
        *_model_keys(),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        *_of_model("model_reports", "name"),
    )
    for table in ("algorithms", "alignments"):
        op.add_column(table, _letters())
    op.add_column("verdicts", sa.Column("position", WIDE, nullable=False, server_default="0"))
    op.add_column("verdicts", _text("by_circuit"))
    op.add_column("analysis_reports", _text("beside"))


def _letters() -> sa.Column[Any]:
    return _text("verdicts")


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def _keys(table: str, second: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.PrimaryKeyConstraint("analysis", second, name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f(f"fk_{table}_analysis_analyses"), ondelete="CASCADE"
        ),
    )


def _model_keys() -> tuple[sa.Column[Any], ...]:
    return sa.Column("model_id", WIDE, nullable=False), sa.Column("rules", sa.String(80), nullable=False)


def _of_model(table: str, third: str) -> tuple[sa.Constraint, ...]:
    foreign = op.f(f"fk_{table}_model_id_models")
    return (
        sa.PrimaryKeyConstraint("model_id", "rules", third, name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=foreign, ondelete="CASCADE"),
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


def _jobs(connection: sa.Connection, column: str, name: str, result_digest: str) -> list[tuple[str, str]]:
    """Id and kind of the jobs whose arguments, or result, name an analysis."""
    jobs = sa.table("jobs", sa.column("id"), sa.column("kind"), sa.column(column, sa.JSON()))
    rows = connection.execute(sa.select(jobs.c.id, jobs.c.kind, jobs.c[column])).all()
    return [(job, kind) for job, kind, says in rows if says and says.get(name) == result_digest]


def _make_again(connection: sa.Connection, result_digest: str) -> None:
    """Let the job that made an analysis wait anew; jobs that went on from it are asked for when it is there."""
    for job, _ in _jobs(connection, "arguments", "result", result_digest):
        connection.execute(sa.text("DELETE FROM job_log WHERE job_id = :id"), {"id": job})
        connection.execute(sa.text("DELETE FROM jobs WHERE id = :id"), {"id": job})
    for job, kind in _jobs(connection, "result", "result_digest", result_digest):
        if kind == "analyse":
            _queue_again(connection, job)


def _queue_again(connection: sa.Connection, job: str) -> None:
    query = (
        "UPDATE jobs SET state = 'queued', error = '', result = '{}', so_far = '{}', attempts = 0, losses = 0, "
        "stage = '', done = 0, total = 0, found = '', owner = NULL, lease_until = NULL, not_before = NULL, "
        "started_at = NULL, finished_at = NULL WHERE id = :id"
    )
    connection.execute(sa.text(query), {"id": job})


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
    update = sa.text("UPDATE analysis_reports SET beside = :letters WHERE analysis_id = :id AND kind = 'stories'")
    for analysis, data in _shelves(connection, "stories"):
        connection.execute(update, {"letters": data["relation"].translate(RELATIONS).decode(), "id": analysis})


def _take_verdicts_over(connection: sa.Connection, analysis: int) -> None:
    """The verdicts on what one analysis found; of each kind their positions are the order of the rows."""
    query = sa.text("SELECT id, kind FROM verdicts WHERE analysis_id = :id ORDER BY id")
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, kind in connection.execute(query, {"id": analysis}).all():
        numbers[kind].append(number)
    lacking = []
    for kind, some in numbers.items():
        take = _take_counts if kind == "interpretation" else _take_letters
        kept = take(connection, analysis, kind, some)
        lacking += [number for number in some if number not in kept]
        place = sa.text("UPDATE verdicts SET position = :position WHERE id = :id")
        for position, number in enumerate(kept):
            connection.execute(place, {"position": position, "id": number})
    if lacking:
        _delete(connection, "verdicts", f"id IN ({', '.join(map(str, lacking))})")
        digest = connection.scalar(sa.text("SELECT result_digest FROM analyses WHERE id = :id"), {"id": analysis})
        for job, job_kind in _jobs(connection, "arguments", "result", digest):
            if job_kind == "criteria":
                _queue_again(connection, job)


def _blocks(connection: sa.Connection, verdict: int, name: str) -> list[bytes]:
    query = "SELECT data FROM verdict_blocks WHERE verdict_id = :id AND name = :name ORDER BY block"
    return [bytes(data) for data in connection.scalars(sa.text(query), {"id": verdict, "name": name})]


def _outcomes(connection: sa.Connection, verdict: int) -> bytes:
    return b"".join(map(zlib.decompress, _blocks(connection, verdict, "outcomes")))


def _take_letters(connection: sa.Connection, analysis: int, kind: str, verdicts: list[int]) -> list[int]:
    """Write the letters of one kind; returns the verdicts that are about all that is judged."""
    if kind not in JUDGED:
        return []
    table, owner, order, judged = JUDGED[kind]
    query = f"SELECT {order}, {judged} FROM {table} WHERE {owner} = :id ORDER BY {order}"  # noqa: S608
    rows = connection.execute(sa.text(query), {"id": analysis}).all()
    n = sum(bool(is_judged) for _, is_judged in rows)
    told = {number: _outcomes(connection, number) for number in verdicts}
    told = {number: data.translate(OUTCOMES) for number, data in told.items() if len(data) == n}
    letters, nothing = zip(*told.values(), strict=True), "." * len(told)
    values = [(bytes(next(letters)).decode() if is_judged else nothing, key) for key, is_judged in rows]
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    if told and values:
        update = f"UPDATE {table} SET verdicts = {mark} WHERE {owner} = {mark} AND {order} = {mark}"  # noqa: S608
        connection.exec_driver_sql(update, [(text, analysis, key) for text, key in values])
    return list(told)


def _take_counts(connection: sa.Connection, analysis: int, _kind: str, verdicts: list[int]) -> list[int]:
    """Write how many interpretations of each circuit pass; returns the verdicts that are about all circuits."""
    query = "SELECT interpretations, observed FROM circuits WHERE analysis = :id ORDER BY position"
    sizes = [(total, observed) for total, observed in connection.execute(sa.text(query), {"id": analysis})]
    stored = dict(zip(RANKED, zip(*sizes, strict=True), strict=True)) if sizes else dict.fromkeys(RANKED, ())
    update = sa.text("UPDATE verdicts SET by_circuit = :told WHERE id = :id")
    kept = []
    for number in verdicts:
        columns = [_counts(_blocks(connection, number, name), stored) for name in COUNTS]
        outcomes = _outcomes(connection, number)
        if {len(outcomes), *map(len, columns)} != {len(sizes)}:
            continue
        told = map(_counted, zip(*columns, strict=True), outcomes, sizes)
        connection.execute(update, {"told": ",".join(told), "id": number})
        kept.append(number)
    return kept


def _counts(blocks: list[bytes], stored: dict[str, tuple[str, ...]]) -> list[str]:
    """A column of counts; a block may name a column of the circuits instead."""
    found: list[str] = []
    for data in blocks:
        if data.startswith(b"="):
            found += stored[data[1:].decode()][len(found) : len(found) + VERDICTS]
        else:
            text = zlib.decompress(data).decode()
            found += text.split(",") if text else []
    return found


def _counted(counts: tuple[str, ...], outcome: int, size: tuple[str, str]) -> str:
    """What a criterion says of the interpretations of one circuit: a letter, or the counts."""
    total, observed = size
    *numbers, of = counts
    letters = {
        "P": [total, "0", observed, "0"],
        "F": ["0", "0", "0", "0"],
        "O": [observed, "0", observed, "0"],
        "U": ["0", total, "0", observed],
    }
    asked = outcome != NOT_APPLICABLE
    if not asked and numbers == letters["F"] and of == total:
        return "-"
    letter = next((letter for letter, meaning in letters.items() if meaning == numbers), None)
    if letter and asked and of == total:
        return letter
    return f"{' '.join(numbers)} {'of' if asked else '-'} {of}"


def _take_claims_over(connection: sa.Connection) -> None:
    """Each under a key that begins as its digest in addresses, and ends with what tells networks and outputs apart."""
    query = (
        "SELECT n.slug, n.digest AS network, c.output, c.digest, c.document, c.created_at FROM claims c "
        "JOIN networks n ON n.id = c.network_id WHERE c.deleted_at IS NULL"
    )
    links = sa.table("short_links", sa.column("key"), sa.column("address"), sa.column("created_at", NOW))
    kept = set(connection.scalars(sa.select(links.c.key)))
    for row in connection.execute(sa.text(query).columns(created_at=NOW)).all():
        said = json.loads(row.document) if isinstance(row.document, str) else row.document
        options = {"output": row.output} if row.output else {}
        if "mask" in said:
            options["mask"] = said["mask"]
        elif "edges" in said:
            options["edges"] = " ".join(said["edges"])
        else:
            options["scores"] = ",".join("null" if one is None else repr(one) for one in said["scores"])
            picked = {name: said[name] for name in ("k", "threshold", "pick", "signed", "ablation") if name in said}
            options |= {name: str(one).lower() if isinstance(one, bool) else one for name, one in picked.items()}
        key = row.digest[:12] + hashlib.sha256(f"{row.network}.{row.output}".encode()).hexdigest()[:4]
        address = f"/networks/{row.slug}/analyses/claims/given?{urlencode(options)}"
        if key not in kept:
            connection.execute(sa.insert(links).values(key=key, address=address, created_at=row.created_at))
            kept.add(key)


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


def _take_model_circuits_over(connection: sa.Connection) -> None:
    """A search that a version kept which knew fewer figures is forgotten, as that version's successors did."""
    found: dict[tuple[int, str], dict[str, bytes]] = defaultdict(dict)
    for model, rules, name, data in connection.execute(
        sa.text("SELECT model_id, rules, name, data FROM model_columns")
    ):
        found[model, rules][name] = bytes(data)
    for owner, data in found.items():
        if not {"search", *MODEL_CIRCUITS} <= data.keys():
            continue
        reports = {name: value.decode() for name, value in data.items() if value.startswith(b"{")}  # others are columns
        columns = [_column(data[name], code) for name, code in MODEL_CIRCUITS.items()]
        texts = {name: _column(data[name], "") for name in sorted(data.keys() - {*MODEL_CIRCUITS, *reports, "name"})}
        told = [
            json.dumps(dict(zip(texts, values, strict=True)), ensure_ascii=False)
            for values in zip(*texts.values(), strict=True)
        ]
        rows = [
            (*owner, at, *row) for at, row in enumerate(zip(*columns, told or ["{}"] * len(columns[0]), strict=True))
        ]
        names = ("mask", *(name for name in MODEL_CIRCUITS if name != "ref"), "told")
        _insert(connection, "model_circuits", ("model_id", "rules", "position", *names), rows)
        rows = [(*owner, *report) for report in reports.items()]
        _insert(connection, "model_reports", ("model_id", "rules", "name", "content"), rows)
