"""A method's answers out of a file, JSON or Parquet, for the networks of one suite."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import duckdb
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticSerializationError

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.values.strict_json import plain_text, read_object, validated
from pluriscope.tables.parquet import pattern_of
from pluriscope_bench.key.submission import TRACKS, Track

MOST_BYTES: Final = 64 << 20
_MOST_ROWS: Final = 2_000_000
_PARQUET: Final = b"PAR1"
_COLUMNS: Final = ("network", "edge", "score")
_CURE: Final = 'give {"suite", "name", "answers": {network: {edge: score}}}, or Parquet with network, edge and score'


class InvalidAnswers(AnalysisError):
    """A file of answers cannot be read, or is about another suite."""


class Answers(BaseModel):
    """File of answers.

    Args:
        suite: digest of the suite whose networks are meant; a Parquet file need not say it.
        name: of the method.
        track: what it may have asked; everything where nothing is said.
        answers: of each network what a method would have returned, or None where it takes no such network.
    """

    model_config = ConfigDict(extra="forbid")
    suite: str
    name: str
    track: Track = TRACKS[-1]
    answers: dict[str, Any] = Field(min_length=1)


def read_answers(raw: bytes, name: str, suite: str, networks: Collection[str]) -> Answers:
    """Answers that are about a suite.

    Args:
        name: of the file, for errors, and of the method where a Parquet file names none.
        suite: digest of the suite that is asked about.
        networks: names of its networks.

    Raises:
        InvalidAnswers: not such a file, one of another suite, or answers for networks that the suite does not have.
    """
    item = f"answers {name!r}"
    if raw.startswith(_PARQUET):
        document = {"suite": suite, "name": Path(name).stem, **_of_parquet(raw, item, name)}
    else:
        document = read_object(raw, item, InvalidAnswers, MOST_BYTES, _CURE)
    found = validated(Answers, document, item, InvalidAnswers, _CURE)
    plain_text(found.name, f"{item} name", InvalidAnswers)
    try:
        found.model_dump_json()
    except PydanticSerializationError:
        raise InvalidAnswers(item, "holds half of a character", _CURE) from None
    if found.suite != suite:
        cause = f"is about suite {found.suite[:12]}, and {suite[:12]} is asked about"
        raise InvalidAnswers(item, cause, f"give --suite the folder of its suite, or answers about {suite}")
    unknown = [network for network in found.answers if network not in networks]
    if unknown:
        cause = f"has answers for {len(unknown)} networks that the suite does not have, such as {unknown[0][:60]!r}"
        raise InvalidAnswers(item, cause, f"use the suite's names, such as {min(networks)!r}")
    return found


def _of_parquet(raw: bytes, item: str, name: str) -> dict[str, Any]:
    """Read answers from a Parquet table with a row for each network and edge, as the JSON form has them."""
    with NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect(config={"threads": 1}) as database:
        file.write(raw)
        file.flush()

        def ask(query: str) -> list[tuple[Any, ...]]:
            return database.execute(query, [pattern_of(Path(file.name))]).fetchall()

        try:
            about = {
                str(key): value for key, value in ask("SELECT decode(key), decode(value) FROM parquet_kv_metadata(?)")
            }
            columns = {column: kind for column, kind, *_ in ask("DESCRIBE SELECT * FROM read_parquet(?)")}
            if missing := [column for column in _COLUMNS if column not in columns]:
                raise InvalidAnswers(item, f"has no column {missing[0]!r}", f"give the columns {', '.join(_COLUMNS)}")
            (n_rows,) = ask("SELECT count(*) FROM read_parquet(?)")[0]
            if n_rows > _MOST_ROWS:
                raise InvalidAnswers(item, f"has {n_rows:,} rows", f"give {_MOST_ROWS:,} at most, one for each edge")
            rows = ask("SELECT network::VARCHAR, edge::VARCHAR, score::DOUBLE FROM read_parquet(?)")
        except duckdb.Error as problem:
            cause = f"cannot be read as Parquet ({str(problem).splitlines()[0].replace(file.name, name)[:120]})"
            raise InvalidAnswers(item, cause, _CURE) from None
    answers: dict[str, dict[str, float]] = {}
    for network, edge, score in rows:
        where = f"{item}, network {str(network)[:60]!r}, edge {str(edge)[:40]!r}"
        if network is None or edge is None or score is None or not math.isfinite(score):
            raise InvalidAnswers(where, f"has the score {score}", "give every edge a finite number")
        if edge in answers.setdefault(network, {}):
            raise InvalidAnswers(where, "is there twice", "give each edge of a network one row")
        answers[network][edge] = score
    return {key: about[key] for key in ("suite", "name", "track") if key in about} | {"answers": answers}
