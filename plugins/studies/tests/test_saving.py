import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from plugins.studies.tests.stored_studies import store_study
from plugins.studies.tests.study_factories import design, rows
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.questions.data import DataRecord, data_file_json
from pluriscope.app.db.codecs import network_of, planted_of
from pluriscope.app.db.errors import Ambiguous, Conflict, NotFound, StoreUnavailable
from pluriscope.app.db.reads.analyses import find_data, network_by_digest
from pluriscope.app.db.tables import NetworkRow
from pluriscope.errors import InvalidOption
from pluriscope.tables.parquet import ENDING, InvalidTable, ParquetTable
from pluriscope_edits.planting.compiling import compile_algorithm
from pluriscope_studies.analysis.rows import columns_of
from pluriscope_studies.analysis.running import run_chunk
from pluriscope_studies.reads import (
    find_study,
    finished_seeds,
    networks_of_study_alone,
    parts_folder,
    studies_left,
    studies_of_network,
    study_network_at,
    table_of,
    tidy_parts,
)
from pluriscope_studies.table import read_part, write_part
from pluriscope_studies.tables import StudyPartRow
from pluriscope_studies.writes import (
    in_order,
    merge_parts,
    metadata_of,
    open_network,
    read_table,
    save_parts,
    save_study,
    save_table,
    write_table,
)

SIX = {"seeds": {"first": 0, "count": 6}}


@pytest.fixture
def part(tmp_path):
    """Writes rows of a study to a part, which other networks of it may lack."""

    def written(study=None, wanted=lambda row: True, name="part", columns=None) -> Path:
        study = study or design()
        path = tmp_path / "written" / f"{name}{ENDING}"
        path.parent.mkdir(exist_ok=True)
        about = {"design": json.dumps(study.model_dump(mode="json")), "digest": study.digest, "engine": "1.2"}
        write_part(path, [row for row in rows(study) if wanted(row)], columns or columns_of(study), about)
        return path

    return written


def everything(session, study) -> list[tuple]:
    return table_of(session, study).ask(in_order(design()))


def test_a_network_is_stored_once_however_its_rows_come(store, part):
    whole, early = part(), part(wanted=lambda row: row["seed"] < 2, name="early")
    with store.write() as session:
        row = save_study(session, design())
        assert [save_parts(session, row, files) for files in ([early], [early], [whole], [whole])] == [4, 0, 4, 0]
        assert (row.n_networks, row.n_finished, row.n_converged) == (8, 8, 6)
        assert row.seconds == pytest.approx(2.0)
        assert everything(session, row) == ParquetTable([whole]).ask(in_order(design()))
        assert session.scalar(select(func.count()).select_from(NetworkRow)) == 0
        assert {seed for seeds in finished_seeds(session, row).values() for seed in seeds} == set(range(4))


def test_a_table_that_finds_no_room_finds_it_in_another_folder(store, part, tmp_path):
    """As is said, by room where the data folder is, or another data folder."""
    (tmp_path / "full").touch()
    with store.write() as session:
        row = save_study(session, design())
        save_parts(session, row, [part()])
    full, other = (replace(store, carried={"data_folder": tmp_path / name}) for name in ("full", "other"))
    with full.read() as session, pytest.raises(StoreUnavailable, match="Make room, or set PLURISCOPE_DATA"):
        table_of(session, find_study(session, row.slug))
    with other.read() as session:
        assert everything(session, find_study(session, row.slug))
    (tmp_path / "full").unlink()
    with full.read() as session:
        assert everything(session, find_study(session, row.slug))


def test_few_parts_take_the_place_of_many(store, part, tmp_path):
    single = [part(wanted=lambda row, seed=seed: row["seed"] == seed, name=str(seed)) for seed in (3, 0, 2, 1)]
    with store.write() as session:
        row = save_study(session, design())
        save_parts(session, row, single[:3])
        stale = table_of(session, row)
        save_parts(session, row, single[3:])
        table, before = table_of(session, row), everything(session, row)
        files = table.pack(tmp_path / "packed", metadata_of(row), in_order(design()))
        assert not merge_parts(session, row, stale, files)
        assert merge_parts(session, row, table, files)
        (merged,) = session.scalars(select(StudyPartRow))
        assert table_of(session, row).ask("SELECT * FROM {rows}") == before
        kept = parts_folder(session)
        assert len(list(kept.iterdir())) == 5
        tidy_parts(session)
        assert len(list(kept.iterdir())) == 5
        for file in kept.iterdir():
            os.utime(file, (0, 0))
        table_of(session, row)
        assert max(file.stat().st_atime for file in kept.iterdir()) > 0
        tidy_parts(session)
        assert [file.stem for file in kept.iterdir()] == [merged.digest]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(file.read_bytes()[:-9]),
        lambda file: file.write_bytes(bytes(file.stat().st_size)),
    ],
    ids=["gone", "cut short", "overwritten"],
)
def test_a_part_on_the_disk_is_made_again(store, part, spoil):
    with store.write() as session:
        row = save_study(session, design())
        save_parts(session, row, [part()])
        before = everything(session, row)
        (file,) = table_of(session, row).paths
        spoil(file)
        assert everything(session, row) == before


@pytest.mark.parametrize("form", ["folder", "one file"])
def test_a_table_goes_out_and_comes_in(store, part, tmp_path, form):
    way = {"folder": tmp_path / "out", "one file": tmp_path / f"out{ENDING}"}[form]
    with store.write() as session:
        row = save_study(session, design(), state="paused")
        save_parts(session, row, [part()])
        row.summary, row.summed_up = {"networks": 8}, 8
        before = everything(session, row)
        write_table(session, row, way)
        if form == "folder":
            assert json.loads((way / "summary.json").read_text()) == {"networks": 8}
        with pytest.raises(InvalidOption, match="is there already"):
            write_table(session, row, way)
        session.delete(row)
    answer = read_table(way, tmp_path / "in")
    with store.write() as session:
        for new in (8, 0):
            row, added = save_table(session, answer)
            assert (added, row.state, row.origin, row.n_finished) == (new, "paused", "imported", 8)
        now = [column for column in columns_of(design()) if column not in ("tables", "seconds")]
        query = f"SELECT {', '.join(f'{chr(34)}{name}{chr(34)}' for name in now)} FROM ({in_order(design())})"  # noqa: S608
        assert table_of(session, row).ask(query) == ParquetTable([part()]).ask(query)
        assert len(everything(session, row)) == len(before)


def test_a_network_comes_whole_and_once_though_it_stands_in_two_parts(store, part, tmp_path):
    first = iter([True])
    cut = [part(wanted=lambda _: next(first, False), name="a")]
    rest = iter([False])
    cut.append(part(wanted=lambda _: next(rest, True), name="b"))
    with store.write() as session:
        row = save_study(session, design())
        assert save_parts(session, row, cut) == 8
        assert everything(session, row) == ParquetTable([part()]).ask(in_order(design()))
        session.delete(row)
    folder = part(wanted=lambda row: row["seed"] < 3, name="a").parent  # "part" has them all, "b" nearly
    with store.write() as session:
        row, n_new = save_table(session, read_table(folder, tmp_path / "in"))
        assert (n_new, row.n_finished) == (8, 8)
        assert table_of(session, row).ask("SELECT count(*), count(DISTINCT (cell, seed)) FROM {rows}") == [
            (len(rows()), 8)
        ]


def spoiled(part, tmp_path, how) -> Path:
    folder = tmp_path / "table"
    folder.mkdir()
    for seed in range(2):
        part(wanted=lambda row, seed=seed: row["seed"] == seed, name=str(seed)).rename(folder / f"{seed}{ENDING}")
    target = folder / f"1{ENDING}"
    raw = target.read_bytes()
    if how == "cut short":
        target.write_bytes(raw[: len(raw) // 2])
    elif how == "damaged inside":
        target.write_bytes(raw[:4] + bytes(len(raw) // 2) + raw[4 + len(raw) // 2 :])
    elif how == "no part":
        target.write_bytes(b"")
    elif how == "of another design":
        part(design(loss_target=[0.5])).rename(target)
    elif how == "without columns":
        part(columns={"cell": "VARCHAR", "seed": "BIGINT"}).rename(target)
    elif how == "of no network of the design":
        more = columns_of(design())
        about = {"design": json.dumps(design().model_dump(mode="json")), "digest": design().digest}
        write_part(target, rows(design(**SIX)), more, about)
    return folder


@pytest.mark.parametrize(
    "how",
    ["cut short", "damaged inside", "no part", "of another design", "without columns", "of no network of the design"],
)
def test_what_is_no_table_is_refused_by_name_and_nothing_is_stored(store, part, tmp_path, how):
    folder = spoiled(part, tmp_path, how)
    with pytest.raises(AnalysisError) as refused, store.write() as session:
        save_table(session, read_table(folder, tmp_path / "in"))
    assert f"1{ENDING}" in str(refused.value) or how == "of no network of the design"
    assert isinstance(refused.value, InvalidTable)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(StudyPartRow)) == 0


@pytest.mark.parametrize("name", ["out", f"out{ENDING}"])
def test_a_table_that_finds_no_room_leaves_nothing_in_its_way(store, part, tmp_path, monkeypatch, name):
    def full(table, path, *_):
        (path / "0.parquet" if path.is_dir() else path).write_bytes(b"PAR1")
        raise OSError(28, "No space left on device")

    with store.write() as session:
        row = save_study(session, design())
        save_parts(session, row, [part()])
        row.summary, row.summed_up = {"networks": 8}, 8
        with monkeypatch.context() as failing:
            failing.setattr(ParquetTable, "write", full)
            with pytest.raises(OSError, match="No space"):
                write_table(session, row, tmp_path / "here" / name)
        assert list((tmp_path / "here").iterdir()) == []
        write_table(session, row, tmp_path / "here" / name)


def test_an_empty_folder_is_no_table(tmp_path):
    with pytest.raises(InvalidTable, match="has no parts"):
        read_table(tmp_path, tmp_path / "in")


def test_a_study_without_rows_goes_out_as_its_design(store, tmp_path):
    with store.write() as session:
        write_table(session, save_study(session, design()), tmp_path / "out")
    (file,) = (tmp_path / "out").glob(f"*{ENDING}")
    assert json.loads(read_part(file).metadata["design"])["slug"] == "xor-width"
    assert read_table(tmp_path / "out", tmp_path / "in").design == design()


def test_a_study_grows_and_never_shrinks(store, part):
    with store.write() as session:
        row = save_study(session, design())
        save_parts(session, row, [part()])
        assert save_study(session, design(**SIX)).n_networks == 12
        assert save_study(session, design()).n_networks == 12
        assert save_parts(session, row, [part(design(**SIX))]) == 4
        assert row.n_finished == 12


def test_another_design_under_the_same_slug_is_refused(store):
    with store.write() as session:
        save_study(session, design())
        with pytest.raises(Conflict, match="another design"):
            save_study(session, design(loss_target=[0.5]))


def test_studies_are_found_by_slug_or_digest(store):
    with store.write() as session:
        row = save_study(session, design())
        assert find_study(session, "xor-width") is row
        with pytest.raises(NotFound):
            find_study(session, "yor-width")
        with pytest.raises(NotFound):
            find_study(session, "f" * 12 if row.digest[0] != "f" else "e" * 12)
        twin = save_study(session, design(slug="twin", loss_target=[0.5]))
        twin.digest = row.digest[:10] + "0" * 54 if row.digest[10] != "0" else row.digest[:10] + "1" * 54
        with pytest.raises(Ambiguous):
            find_study(session, row.digest[:8])


def test_a_bundled_study_takes_on_new_words(store):
    with store.write() as session:
        save_study(session, design(), origin="bundled")
        row = save_study(session, design(question="Anew?", seeds={"first": 0, "count": 2}), origin="bundled")
        assert (row.design["question"], row.n_networks) == ("Anew?", 8)
        assert save_study(session, design(question="Of a user?")).design["question"] == "Anew?"


def test_there_should_be_a_job_for_what_is_to_run_and_for_what_has_no_summary(store, part):
    with store.write() as session:
        row = save_study(session, design())
        assert studies_left(session) == [row]  # left running by nobody
        row.state = "paused"
        session.flush()
        assert studies_left(session) == []
        save_parts(session, row, [part()])
        assert studies_left(session) == [row]
        row.summary, row.summed_up = {}, 8
        session.flush()
        assert studies_left(session) == []


# --- networks


def test_a_network_is_stored_when_it_is_opened(store, part):
    with store.write() as session:
        row = save_study(session, design())
        save_parts(session, row, [part()])
        other = save_study(session, design(slug="other", hidden=[[2, 2]], comparisons=[], references=[]))
        save_parts(session, other, [part(design(slug="other", hidden=[[2, 2]], comparisons=[], references=[]))])
        answer = rows()[0]
        network = open_network(session, row, answer["network"])
        assert (network.digest, network.slug) == (answer["network"], f"xor-width-{answer['network'][:12]}")
        assert network_of(network).digest == answer["network"]
        assert (network.name, network.attribution) == ("XOR 2-2-2-1, seed 0", "Study “XOR by width”")
        assert [task["name"] for task in network.tasks] == ["XOR"]
        assert network.training["epochs"] == 10
        assert open_network(session, row, answer["network"]) is network
        session.flush()
        found = [(study.slug, cell, seed) for study, cell, seed in studies_of_network(session, answer["network"])]
        assert sorted(found) == [("other", answer["cell"], 0), ("xor-width", answer["cell"], 0)]
        assert networks_of_study_alone(session, row) == []
        alone = open_network(session, row, rows()[-1]["network"])
        assert networks_of_study_alone(session, row) == [alone.id]


def test_former_addresses_of_networks_lead_to_their_rows(store, part):
    with store.write() as session:
        row = save_study(session, design())
        save_parts(session, row, [part()])
        digest = rows()[0]["network"]
        assert study_network_at(session, f"xor-width-{digest[:12]}") == (row, digest)
        for slug in (f"xor-width-{'0' * 12}", f"yor-width-{digest[:12]}", "xor-width", f"xor-width-{digest[:11]}"):
            assert study_network_at(session, slug) is None
        with pytest.raises(NotFound):
            open_network(session, row, "0" * 64)


def test_the_rows_that_a_network_was_judged_on_come_with_it(store):
    values = np.random.default_rng(0).normal(size=(9, 2))
    data = DataRecord(values[:4], values, np.arange(9.0)[:, None] % 2, None, "made-up activations", boolean=False)
    answer = [row | {"data": json.dumps(data_file_json(data))} for row in rows()]
    with store.write() as session:
        network = open_network(session, store_study(session, made=answer), answer[0]["network"])
        assert network.input_data == data.digest
        assert "judged there on made-up activations" in network.attribution
        found = find_data(session, network.input_data[:12], 2)
        assert (found.boolean, found.digest) == (False, data.digest)
        assert "judged there on made-up activations" in network.attribution


@pytest.mark.slow
def test_what_was_planted_comes_with_it(store, tmp_path):
    planted = compile_algorithm(parse_algorithm("!(!(!A&B)&!(!B&A))", "and_inverter", 2), (3, 3))
    known = design(
        source="planted",
        source_options={"algorithms": [planted.record.algorithm.text]},
        hidden=[[3, 3]],
        activation=["relu"],
        planting=["compile"],
        seeds={"first": 0, "count": 1},
        measures=["circuits-valid"],
        comparisons=[],
        references=[],
        ladders=[],
    )
    answer = run_chunk(known, 0, [0])
    file = tmp_path / f"part{ENDING}"
    write_part(file, answer, columns_of(known), {})
    with store.write() as session:
        row = save_study(session, known)
        save_parts(session, row, [file])
        network = open_network(session, row, answer[0]["network"])
        assert planted_of(network) == planted.record
        assert network_by_digest(session, network.digest) is network
