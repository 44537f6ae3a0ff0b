"""A suite's folder: written part by part while it is made, then as tables; read without what made it.

    manifest.json      what it is, with the SHA-256 of every file, and of every network and its truths
    networks.parquet   a row a network: name, arm, cell, seed, network (digest), rules, E, planted, file
    truths.parquet     a row a network and condition: n_valid, smallest, backbone, minimal, sizes, listed
    truth/NAME.parquet every valid circuit under the primary condition, ascending, where they are listed
    answers.parquet    a row a baseline, network and condition
    summary.json       what these come to, by condition

Masks in tables are hex digits without 0x, bit i for edge i; ``sizes`` counts valid circuits of 0 … E edges. While it is
made, ``parts`` has a file for each finished chunk.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope.analysis.values.strict_json import read_object, validated
from pluriscope.documents.glossary import terms
from pluriscope.tables.data_card import FILES, CardTable, write_card
from pluriscope.tables.parquet import ParquetTable, connected, literal, pattern_of, put, quoted, write_parquet
from pluriscope_bench.key.condition import CONDITIONS, PRIMARY, Condition, condition_of
from pluriscope_bench.key.rows import KnownNetwork, Row
from pluriscope_bench.key.scores import SCORES
from pluriscope_bench.key.submission import TRACKS
from pluriscope_bench.key.suite import SUITE_FORMAT, InvalidSuite, SuiteNetwork, suite_digest
from pluriscope_bench.key.summary import ranked, summary_of
from pluriscope_bench.key.truth import Truth
from pluriscope_bench.suite_design import Half, SuiteDesign, read_design

SMALL: Final = "small"
"""The suite that comes with Pluriscope."""
_MANIFEST, _SUMMARY, _PARTS, _LISTS = "manifest.json", "summary.json", "parts", "truth"
_MOST: Final = 64 << 20
_CURE: Final = "give a folder that `pluriscope suite make` wrote, or make it again"
TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "networks.parquet": {
        **dict.fromkeys(("name", "arm", "cell"), "VARCHAR"),
        "seed": "BIGINT",
        **dict.fromkeys(("network", "rules"), "VARCHAR"),
        "E": "INTEGER",
        **dict.fromkeys(("planted", "file"), "VARCHAR"),
    },
    "truths.parquet": {
        **dict.fromkeys(("network", "condition"), "VARCHAR"),
        "n_valid": "BIGINT",
        "smallest": "INTEGER",
        "backbone": "VARCHAR",
        "minimal": "VARCHAR[]",
        "sizes": "BIGINT[]",
        "listed": "BOOLEAN",
    },
    "answers.parquet": {
        **dict.fromkeys(("method", "track", "network", "arm", "condition", "outcome", "message"), "VARCHAR"),
        **{score.key: "DOUBLE" for score in SCORES},
        **dict.fromkeys(("answer", "own"), "VARCHAR"),
        **dict.fromkeys(("calls_gradients", "calls_runs", "calls_validity"), "BIGINT"),
        "seconds": "DOUBLE",
    },
}
"""Columns of each table with their types as DuckDB calls them."""
MEANINGS: Final[Mapping[str, str]] = {
    "name": "Arm, cell and seed of the network.",
    "network": "Its name; in networks.parquet the SHA-256 of its weights.",
    "arm": "What the network is an example of.",
    "cell": "Its cell of the arm.",
    "seed": "Its seed in the cell.",
    "rules": "Of a transformer, what its circuits are made of.",
    "E": "Edges of the network: bits of a mask.",
    "planted": "Mask of the planted circuit.",
    "file": "JSON: the network's file.",
    "condition": "Ablation, decision rule and pruning.",
    "n_valid": "Valid circuits.",
    "smallest": "Edges of the smallest valid circuit.",
    "backbone": "Edges that every valid circuit keeps.",
    "minimal": "Valid circuits within which no other lies.",
    "sizes": "Valid circuits of 0 … E edges.",
    "listed": "Whether every valid circuit is listed.",
    "method": "Whose answer it is.",
    "track": "What the method may ask.",
    "outcome": "What became of the method.",
    "message": "Why it did not answer.",
    "answer": "Its first valid circuit.",
    "own": "Mask at the method’s own operating point.",
    **{f"calls_{track}": f"How often it asked for {track}." for track in TRACKS},
    "seconds": "Seconds that it took.",
    "mask": "A valid circuit under the primary condition.",
}
"""What columns of the tables hold that are no scores."""


def bundled_design() -> SuiteDesign:
    """The design that comes with Pluriscope."""
    return read_design(bundled("design.json").read_bytes())


def bundled(name: str) -> Path:
    """The design's file, or a suite's folder, among those that come with Pluriscope."""
    return Path(str(resources.files("pluriscope_bench") / "bundled" / name))


PUBLISHED: Final = bundled("published.parquet")
"""Rows of published programs' answers about the small suite, in its metadata what they come to."""


# --- read


class _Made(BaseModel):
    engine: str
    design: str
    half: str


class _Manifest(BaseModel):
    """Fields of a manifest that are read."""

    half: str
    made: _Made
    arms: dict[str, dict[str, Any]]
    networks: dict[str, str]
    truths: dict[str, str]
    files: dict[str, str]
    digest: str


@dataclass(frozen=True, eq=False)
class Suite:
    """A whole suite.

    Args:
        folder: where it lies.
        manifest: its content.
        networks: in the order of arms, cells and seeds.
    """

    folder: Path
    manifest: Mapping[str, Any]
    networks: tuple[SuiteNetwork, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over all that decides what is found."""
        return str(self.manifest["digest"])

    @cached_property
    def by_name(self) -> Mapping[str, SuiteNetwork]:
        return {one.name: one for one in self.networks}

    @cached_property
    def truths(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """Rows by network and condition."""
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for row in self._rows("truths.parquet"):
            found.setdefault(row["network"], {})[row["condition"]] = row
        return found

    @cached_property
    def answers(self) -> tuple[Mapping[str, Any], ...]:
        """The rows of baselines."""
        return tuple(self._rows("answers.parquet"))

    @cached_property
    def summary(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Summaries of the methods of :attr:`answers` by condition, the primary first, which has ``conditions`` of all,
        and under which those of :attr:`published` stand among them.
        """
        found: dict[str, Any] = json.loads(self.checked(_SUMMARY).read_bytes())
        return {**found, PRIMARY.key: ranked([*found[PRIMARY.key], *self.published])}

    @cached_property
    def published(self) -> Sequence[dict[str, Any]]:
        """Published programs whose answers about this suite come with Pluriscope: what they come to under the primary
        condition, each with its ``package``.
        """
        query = f"SELECT decode(key), decode(value) FROM parquet_kv_metadata({literal(pattern_of(PUBLISHED))})"  # noqa: S608  our own
        metadata = dict(connected().execute(query).fetchall())
        found: list[dict[str, Any]] = json.loads(metadata["methods"])
        return found if metadata["suite"] == self.digest else ()

    @cached_property
    def published_answers(self) -> tuple[Mapping[str, Any], ...]:
        """Their rows."""
        table = ParquetTable([PUBLISHED] if self.published else [])
        rows = table.ask("SELECT * FROM {rows}") if self.published else ()
        return tuple(dict(zip(table.columns, row, strict=True)) for row in rows)

    def conditions(self, name: str) -> tuple[Condition, ...]:
        """Conditions under which the truth about a network is known, the primary first."""
        return tuple(map(condition_of, self.truths[name]))

    def truth(self, name: str, condition: Condition = PRIMARY) -> Truth | None:
        """The truth about a network; None under a condition where it is not known. Only the circuits of the primary
        condition are listed.

        Raises:
            InvalidSuite: the file with its circuits is damaged.
        """
        row = self.truths[name].get(condition.key)
        if row is None:
            return None
        return Truth(
            condition=condition,
            n_edges=self.by_name[name].n_edges,
            n_valid=row["n_valid"],
            smallest=row["smallest"],
            backbone=int(row["backbone"], 16),
            minimal=None if row["minimal"] is None else tuple(int(one, 16) for one in row["minimal"]),
            masks=self._masks(name) if row["listed"] and condition == PRIMARY else None,
            by_size={n: count for n, count in enumerate(row["sizes"]) if count},
        )

    def known(self, name: str, conditions: Sequence[Condition] = (PRIMARY,)) -> KnownNetwork:
        """A network with its truths under some conditions, as far as they are known, and what drawn orders reach.

        Raises:
            InvalidSuite: these are tables alone.
        """
        if not any(one.startswith(f"{_LISTS}/") for one in self.manifest["files"]):
            cure = "make the suite with `pluriscope suite make`"
            raise InvalidSuite(f"suite {str(self.folder)!r}", "has no lists of valid circuits, only tables", cure)
        truths = {one: truth for one in conditions if (truth := self.truth(name, one)) is not None}
        drawn = {condition_of(key): regret for key, regret in self._drawn[name].items()}
        return KnownNetwork(self.by_name[name], truths, {one: drawn.get(one, 0.0) for one in truths})

    @cached_property
    def _drawn(self) -> Mapping[str, Mapping[str, float]]:
        """Mean regret of drawn orders by network and condition."""
        found: dict[str, dict[str, float]] = {one.name: {} for one in self.networks}
        for row in self.answers:
            if row["method"] == "random" and row["regret"] is not None:
                found[row["network"]][row["condition"]] = row["regret"]
        return found

    def _masks(self, name: str) -> NDArray[np.uint64]:
        found: NDArray[np.uint64] = self._read(f"{_LISTS}/{name}.parquet", "SELECT mask FROM ").fetchnumpy()["mask"]
        return found

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        names = TABLES[name]
        columns = ", ".join(f"CAST({quoted(column)} AS {kind})" for column, kind in names.items())
        for row in self._read(name, f"SELECT {columns} FROM ").fetchall():  # noqa: S608  our own names
            yield dict(zip(names, row, strict=True))

    def _read(self, name: str, query: str) -> Any:
        """Run a query of ours, which ends where a file's name belongs, on a file of the suite."""
        path = self.checked(name)
        try:
            return connected().execute(query + literal(pattern_of(path)))
        except duckdb.Error as problem:
            cause = f"has a {name} that cannot be read ({str(problem).splitlines()[0][:200]})"
            raise InvalidSuite(f"suite {str(self.folder)!r}", cause, _CURE) from None

    def checked(self, name: str) -> Path:
        """A file of the suite whose content is what the manifest says."""
        path, item = self.folder / name, f"suite {str(self.folder)!r}"
        try:
            same = sha256_hex(path.read_bytes()) == self.manifest["files"].get(name)
        except OSError as error:
            raise InvalidSuite(item, f"lacks {name} ({error.strerror})", _CURE) from None
        if not same:
            raise InvalidSuite(item, f"has a {name} that is not the one of its manifest", _CURE)
        return path


def read_suite(folder: str | Path = SMALL, digest: str = "") -> Suite:
    """A suite from its folder.

    Args:
        folder: where it lies, or "small" for the one that comes with Pluriscope.
        digest: of the suite that is needed; empty for any.

    Raises:
        InvalidSuite: the folder is none, is not finished or damaged, or is another suite.
    """
    path = bundled(SMALL) if str(folder) == SMALL else Path(folder)
    item = f"suite {str(folder)!r}"
    try:
        raw = (path / _MANIFEST).read_bytes()
    except OSError as error:
        unfinished = (path / _PARTS).is_dir()
        cause = "is not finished" if unfinished else f"has no {_MANIFEST} ({error.strerror})"
        cure = "give the command that makes it again, which goes on" if unfinished else _CURE
        raise InvalidSuite(item, cause, cure) from None
    manifest = read_object(raw, f"manifest of {item}", InvalidSuite, _MOST, _CURE)
    if manifest.get("format") != SUITE_FORMAT:
        raise InvalidSuite(item, f"is not of the format {SUITE_FORMAT}", _CURE)
    listed = validated(_Manifest, manifest, item, InvalidSuite, _CURE)
    found = suite_digest(listed.made.design, listed.half, listed.networks, listed.truths)
    if found != listed.digest:
        raise InvalidSuite(item, f"states another digest than that of its content ({found[:12]})", _CURE)
    if digest and found != digest:
        raise InvalidSuite(item, f"has the digest {found}", f"give the suite with the digest {digest}")
    suite = Suite(path, manifest, ())
    networks = tuple(network_of(row) for row in suite._rows("networks.parquet"))
    return Suite(path, manifest, networks)


def network_of(row: Mapping[str, Any]) -> SuiteNetwork:
    """A network from its row of a suite."""
    planted = None if row["planted"] is None else int(row["planted"], 16)
    same = {name: row[name] for name in ("name", "arm", "cell", "seed", "rules")}
    return SuiteNetwork(**same, digest=row["network"], n_edges=row["E"], planted=planted, file=row["file"] or "")


def row_of(network: SuiteNetwork) -> dict[str, Any]:
    """A network as a row of a suite."""
    planted = None if network.planted is None else f"{network.planted:x}"
    same = {name: getattr(network, name) for name in ("name", "arm", "cell", "seed", "rules", "file")}
    return {**same, "network": network.digest, "E": network.n_edges, "planted": planted}


@lru_cache(maxsize=4)
def shipped(design: str, half: Half) -> Suite | None:
    """The suite of a half of a design, by its digest, that comes with Pluriscope; None where none does."""
    suite = read_suite(bundled(half)) if (bundled(half) / _MANIFEST).is_file() else None
    return suite if suite and suite.manifest["made"]["design"] == design else None


def write_tables(suite: Suite, path: Path) -> None:
    """Write a suite without lists of circuits, under the same digest.

    Args:
        path: of a folder that is there.

    Raises:
        OSError: it cannot be written.
    """
    rows: dict[str, list[dict[str, Any]]] = {
        "networks.parquet": [row_of(one) for one in suite.networks],
        "truths.parquet": [
            {**row, "minimal": None, "listed": False} for known in suite.truths.values() for row in known.values()
        ],
        "answers.parquet": [dict(row) for row in suite.answers],
    }
    _write(path, rows, {**suite.manifest, "files": {}})


def _write(path: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]], manifest: Mapping[str, Any]) -> None:
    """Write tables and what answers come to, then the manifest with their digests."""
    for name, columns in TABLES.items():
        write_parquet(path / name, rows[name], columns, {"format": SUITE_FORMAT}, level=19)  # files repeat one another
    put(path / _SUMMARY, json.dumps(_summary(rows["answers.parquet"])).encode())
    files = {name: sha256_hex((path / name).read_bytes()) for name in (*TABLES, _SUMMARY)}
    content = {**manifest, "files": {**files, **manifest["files"]}}
    put(path / _MANIFEST, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
    write_suite_card(path, content)


_ABOUT: Final = """{n:,} entries of {different:,} different networks with the truth about each, digest {digest}, by `pluriscope suite make`, engine {engine}. The truth about a perceptron of at most 21 edges is from trying every mask, about others from a search that ends with a proof. Networks that did not learn their task, are wrong on a row of it, or are beyond search are left out.

| Arm | Entries | Left out |
|---|---|---|
{arms}

To hold methods of circuit discovery against all right answers; nothing follows for language models, for tasks or conditions that are not here, or for nodes and features. Masks are hex, bit i for edge i."""  # noqa: E501  a paragraph


def write_suite_card(path: Path, manifest: Mapping[str, Any]) -> None:
    """Write the card of a suite's folder; errors as of :func:`write_card`."""
    sentences = {term.name: re.split(r"[:;]|\.\s", term.meaning)[0].rstrip(".") + "." for term in terms()}
    meanings = {**MEANINGS, **{score.key: sentences[score.label] for score in SCORES}}
    tables = {one.split(".")[0]: CardTable(one, meanings) for one in TABLES}
    tables[_LISTS] = CardTable(f"{_LISTS}/*.parquet", meanings, "A file for each network: its valid circuits.")
    arms = "\n".join(
        f"| {one['label']} | {one['networks']:,} | "
        + ", ".join(f"{n:,} {state.replace('_', ' ')}" for state, n in one["left_out"].items())
        + " |"
        for one in manifest["arms"].values()
    )
    n, different, engine = len(manifest["networks"]), len({*manifest["networks"].values()}), manifest["made"]["engine"]
    about = _ABOUT.format(digest=manifest["digest"], engine=engine, n=n, different=different, arms=arms)
    title = f"{manifest['name']}, {manifest['half']} half"
    write_card(path, title, about, tables, str(manifest["licence"]))


def _summary(answers: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Summaries of methods by condition, the primary first: of that with means under every other one."""
    rows = {one.key: [row for row in answers if row["condition"] == one.key] for one in CONDITIONS}
    return {key: summary_of(answers if key == PRIMARY.key else some) for key, some in rows.items() if some}


# --- made


@dataclass(frozen=True)
class SuiteFolder:
    """A folder in which a suite is made.

    Args:
        path: of the folder, which is there.
        design: of the suite.
        half: which part of it.
    """

    path: Path
    design: SuiteDesign
    half: Half

    @property
    def _about(self) -> dict[str, str]:
        """Facts that have to be equal in all parts."""
        return {"engine": ENGINE_VERSION, "design": self.design.digest(self.half), "half": self.half}

    @property
    def shipped(self) -> Suite | None:
        """The suite whose networks are taken; None where they are trained."""
        return shipped(self.design.digest(self.half), self.half)

    @property
    def seeds(self) -> tuple[Sequence[int], ...]:
        """The seeds of each cell whose networks are made: of shipped ones those that there are."""
        seeds, known = self.design.seeds(self.half), self.shipped.by_name if self.shipped else None
        cells = zip(self.design.cells, seeds, strict=True)
        return tuple([one for one in some if known is None or f"{cell.name}-{one}" in known] for cell, some in cells)

    def check(self, there: Sequence[Path]) -> None:
        """Look at what lies in the folder before anything is written.

        Raises:
            InvalidSuite: something else.
        """
        item, ours = f"output {str(self.path)!r}", {_PARTS, _LISTS, _MANIFEST, _SUMMARY, *FILES, *TABLES}
        strange = sorted(one.name for one in there if one.name not in ours and one.name[0] != ".")
        if strange:
            raise InvalidSuite(item, f"has {strange[0]!r} in it, which is no part of a suite", "give another folder")

    def finished(self) -> Suite | None:
        """The suite, if it is whole.

        Raises:
            InvalidSuite: it is another one, or damaged.
        """
        if not (self.path / _MANIFEST).is_file():
            return None
        suite, about = read_suite(self.path), self._about
        if any(suite.manifest["made"][name] != about[name] for name in ("design", "half")):
            raise InvalidSuite(f"output {str(self.path)!r}", "holds another suite", "give another folder")
        return suite

    def begin(self) -> tuple[list[str], list[set[int]]]:
        """Look through what is there: the names of damaged parts, which are removed, and seeds that are made by cell.

        Raises:
            InvalidSuite: there are parts of another suite.
            OSError: it cannot be read or written.
        """
        damaged, done = list[str](), [set[int]() for _ in self.design.cells]
        for name in (_PARTS, _LISTS):
            (self.path / name).mkdir(exist_ok=True)
        for part in sorted((self.path / _PARTS).iterdir()):
            try:
                content = self._part(part)
            except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error):
                damaged.append(part.name)
                part.unlink()
                continue
            if content["about"] != self._about:
                cause = "holds parts of another suite, or of another version of Pluriscope"
                raise InvalidSuite(f"output {str(self.path)!r}", cause, "give another folder")
            for one in content["made"]:
                done[one["cell"]].add(one["seed"])
        return damaged, done

    def _part(self, part: Path) -> dict[str, Any]:
        """Content of a part, if it is whole and so are the lists that belong to it."""
        content: dict[str, Any] = json.loads(gzip.decompress(part.read_bytes()))
        for one in content["made"]:
            if one["list"] and sha256_hex((self.path / one["list"][0]).read_bytes()) != one["list"][1]:
                raise ValueError(one["list"][0])
        return content

    def save(self, made: Sequence[Row]) -> None:
        """Write what :func:`make_networks` made of a chunk; an OSError if it cannot be written."""
        whole = []
        for one in made:
            masks, listed = one["masks"], []
            if masks is not None:
                name, raw = f"{_LISTS}/{one['network']['name']}.parquet", _as_parquet(masks)
                put(self.path / name, raw)
                listed = [name, sha256_hex(raw)]
            whole.append({**{key: value for key, value in one.items() if key != "masks"}, "list": listed})
        part = f"{made[0]['cell']}-{made[0]['seed']}.json.gz"
        put(self.path / _PARTS / part, gzip.compress(json.dumps({"about": self._about, "made": whole}).encode(), 6))

    def made(self) -> list[dict[str, Any]]:
        """What all parts have, by cell and seed."""
        parts = (self._part(one) for one in (self.path / _PARTS).iterdir())
        return sorted((one for part in parts for one in part["made"]), key=lambda one: (one["cell"], one["seed"]))

    def finish(self) -> Suite:
        """Write tables and manifest of all parts, which are then removed."""
        made = self.made()
        kept = [one for one in made if one["network"]]
        rows = {
            "networks.parquet": [one["network"] for one in kept],
            "truths.parquet": [row for one in kept for row in one["truths"]],
            "answers.parquet": [row for one in kept for row in one["answers"]],
        }
        networks = {one["network"]["name"]: one["network"]["network"] for one in kept}
        truths = {one["network"]["name"]: one["truth_digest"] for one in kept}
        design = self.design.model_dump(mode="json", exclude_defaults=True)
        manifest = {
            "format": SUITE_FORMAT,
            **{name: design.pop(name) for name in ("name", "version", "licence")},
            "half": self.half,
            "made": self._about,
            "digest": suite_digest(self.design.digest(self.half), self.half, networks, truths),
            "arms": self._counts(made),
            "seeds": {
                cell.name: [seeds[0], len(seeds)]
                for cell, seeds in zip(self.design.cells, self.design.seeds(self.half), strict=True)
            },
            "design": design,
            "networks": networks,
            "truths": truths,
            "files": dict(one["list"] for one in kept if one["list"]),
        }
        _write(self.path, rows, manifest)
        rmtree(self.path / _PARTS)
        return read_suite(self.path)

    def _counts(self, made: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Counts by arm: networks, and what became of the other seeds."""
        counts: dict[str, Counter[str]] = {arm.key: Counter() for arm in self.design.arms}
        for one in made:
            counts[self.design.cells[one["cell"]].arm.key]["networks" if one["network"] else one["state"]] += 1
        if self.shipped:
            return {
                key: {**arm, "networks": counts[key]["networks"]} for key, arm in self.shipped.manifest["arms"].items()
            }
        labels = {arm.key: arm.label for arm in self.design.arms}
        return {
            key: {"label": labels[key], "networks": found.pop("networks", 0), "left_out": dict(sorted(found.items()))}
            for key, found in counts.items()
        }


def _as_parquet(masks: NDArray[Any]) -> bytes:
    with TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as database:
        path = Path(folder) / "list.parquet"
        database.register("circuits", {"mask": masks.astype(np.uint64)})
        options = f"FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, KV_METADATA {{format: '{SUITE_FORMAT}'}}"
        database.execute(f"COPY (SELECT mask FROM circuits) TO {literal(str(path))} ({options})")  # noqa: S608  our own
        return path.read_bytes()
