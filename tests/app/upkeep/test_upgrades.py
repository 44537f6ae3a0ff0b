"""Every store that was ever released opens today, with all that it held."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zlib
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from pluriscope.address import Addresses
from pluriscope.analysis.circuit_sets.judged_masks import judged_circuits
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.work import Work
from pluriscope.app.db.backup import copy_rows, restore
from pluriscope.app.db.engine import newest_revision, store_at
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.links import formerly_called
from pluriscope.app.db.listing import STORIES, stored_relations
from pluriscope.app.db.prepared import result_digest
from pluriscope.app.db.reads.analyses import analysed_question, find_analysis, find_network, scope_of
from pluriscope.app.db.reads.circuits import stored_circuits, whole_counts
from pluriscope.app.db.reads.results import load_analysis
from pluriscope.app.db.reads.verdicts import judged_outcomes, missing_steps
from pluriscope.app.db.recorded import stored_searches
from pluriscope.app.db.reports import report_row
from pluriscope.app.db.rows import columns_of
from pluriscope.app.db.tables import AnalysisReportRow, AnalysisRow, NetworkRow
from pluriscope.app.db.upgrade import upgrade
from pluriscope.app.db.verdicts import readings_in
from pluriscope.app.db.writes import network_row
from pluriscope.app.jobs.analyses import analysis_meant, load_analysis_inputs
from pluriscope.app.jobs.definitions import DEFINITIONS, analyse_arguments
from pluriscope.app.jobs.worker import Worker, run_workers
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from pluriscope.naming import Scope
from tests.analysis.subjects.transformer.mlp_model import DOCUMENT, TOY, read_perceptron
from tests.app.jobs.executors import lent_processes
from tests.app.upkeep.conftest import everything
from tests.schemas import FOLDER, SLUG, kept, revisions, unpack

FIXTURES = FOLDER.parent
PAGES = ("", "/explanations", "/analyses/funnel", "/analyses/common-ground")


def test_every_revision_has_a_store_that_is_kept():
    """If this fails, a migration was added: keep a store of it with ``python -m tests.schemas`` and commit the file."""
    assert kept() == revisions()


@pytest.fixture
def upgraded(request, revision, tmp_path):
    """Settings of a store of that revision, brought to the present one, and what it held before."""
    file = tmp_path / "pluriscope.sqlite"
    unpack(revision, file)
    old = store_at(f"sqlite:///{file}")
    assert old.revision() == revision
    before = everything(old)
    settings = Settings(data=tmp_path, database_url="")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql").database(empty=True)
        there = store_at(url)
        there.migrate(up_to=revision)
        with old.reader.connect() as reading:
            copy_rows(reading, there)
        there.close()
        settings = Settings(data=tmp_path, database_url=url)
    old.close()
    return settings, before


def everywhere() -> list[tuple[str, str]]:
    """Every revision on SQLite; on PostgreSQL the first, which goes through every migration, the middle, the last."""
    every = kept()
    return [*((one, "sqlite") for one in every), *((every[at], "postgresql") for at in (0, len(every) // 2, -1))]


@pytest.mark.slow
@pytest.mark.parametrize(("revision", "upgraded"), everywhere(), indirect=["upgraded"])
def test_an_old_store_keeps_everything(upgraded, revision):
    settings, before = upgraded
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:  # migrates when it starts
        store = client.app.state.store
        assert store.revision() == newest_revision()
        after = everything(store)
        for table in ("networks", "protocols", "analyses", "algorithms", "alignments", "job_log"):
            assert len(after[table]) == len(before[table]) > 0, table
        if "verdicts" in before:
            assert len(after["verdicts"]) == len(before["verdicts"])
        with store.read() as session:
            network = find_network(session, SLUG)
            assert sorted(row.protocol.name for row in network.analyses) == ["complete", "paper"]
            for row in network.analyses:
                found = load_analysis(session, row)
                assert len(found.circuits.masks) == row.circuits_valid
                compared = row.distributions.get("float32")
                again = result_digest(found, row.engine_version, compared=compared)
                assert again == row.result_digest, "what is read is not what was found then"
            states = session.execute(text("SELECT state, count(*) FROM jobs GROUP BY state")).all()
            assert [tuple(one) for one in states] == [("done", len(before["jobs"]))]
        for page in PAGES:
            address = f"/networks/{SLUG}{page}"
            for asked in (address, Addresses().twin(address)):
                answer = client.get(asked)
                assert answer.status_code == 200, (page, answer.text[:300])
        listed = client.get(Addresses().twin(f"/networks/{SLUG}/explanations") + "?kind=circuit").json()
        (mask, *_) = [item["mask"] for item in listed["items"]]
        verdict = client.get(f"/api/v2/verified?url=/networks/{SLUG}/circuits/{mask}").json()
        assert verdict["verdict"] == "equal", json.dumps(verdict)[:800]


@pytest.mark.slow
@pytest.mark.parametrize("revision", ["0001", "0024"])
def test_what_will_be_done_is_told_and_the_old_file_kept(tmp_path, revision):
    unpack(revision, tmp_path / "pluriscope.sqlite")
    store, told = store_at(f"sqlite:///{tmp_path / 'pluriscope.sqlite'}"), []
    before = everything(store)
    for _ in range(2):  # the second time there is nothing to do
        upgrade(store, tmp_path, told.append)
    kept_file = tmp_path / "pluriscope.before-0025.sqlite"
    (sentence,) = told
    assert sentence.startswith(f"upgrading the store from revision {revision}")
    assert str(kept_file) in sentence
    as_it_was = store_at(f"sqlite:///{kept_file}")
    assert (as_it_was.revision(), everything(as_it_was)) == (revision, before)
    assert sorted(path.name for path in tmp_path.glob("*before*")) == [kept_file.name]
    store.close()


@pytest.mark.slow
def test_what_lacks_something_goes_and_its_job_waits_to_be_done_again(tmp_path):
    """An analysis without one of its columns, one half saved and half saved verdicts, beside what people made."""
    file = tmp_path / "pluriscope.sqlite"
    unpack("0024", file)
    with closing(sqlite3.connect(file)) as old:
        old.execute("DELETE FROM circuit_blocks WHERE analysis_id = 1 AND name = 'margin'")
        old.execute("UPDATE verdicts SET staged = 'somejob' WHERE analysis_id = 2 AND kind = 'algorithm'")
        old.execute("INSERT INTO former_slugs VALUES ('once', 1, '2026-01-01 00:00:00.000000', 'Once')")
        old.execute("INSERT INTO short_links VALUES ('key', '/networks/kept-and', '2026-01-01 00:00:00.000000')")
        ((digest, slug),) = old.execute("SELECT digest, slug FROM networks").fetchall()
        ((gone,),) = old.execute("SELECT result_digest FROM analyses WHERE id = 1").fetchall()
        old.commit()
        old.execute(
            "DELETE FROM verdict_blocks WHERE verdict_id IN (SELECT id FROM verdicts WHERE analysis_id = 2 "
            "AND kind = 'circuit' AND criterion = 'necessity')"
        )
        old.commit()
    store = store_at(f"sqlite:///{file}")
    upgrade(store, tmp_path, lambda _: None)
    with store.reader.connect() as connection:

        def every(query: str) -> list[tuple]:
            return [tuple(row) for row in connection.execute(text(query))]

        assert every("SELECT id FROM analyses") == [(2,)]
        for table in ("algorithms", "alignments", "verdicts", "analysis_reports"):
            assert every(f"SELECT analysis_id FROM {table} WHERE analysis_id <> 2") == [], table  # noqa: S608
        assert every("SELECT count(*) FROM circuits WHERE analysis = 2") == [(13,)]
        assert every("SELECT count(*) FROM verdicts WHERE kind = 'algorithm'") == [(0,)]
        assert every("SELECT digest, slug FROM networks") == [(digest, slug)]
        assert every("SELECT slug FROM former_slugs") == [("once",)]
        assert every("SELECT address FROM short_links ORDER BY length(key)") == [
            ("/networks/kept-and",),
            ("/networks/kept-and/analyses/claims/given?mask=0ff",),
        ]
        waiting = every("SELECT kind, state, result FROM jobs WHERE state = 'queued'")
        assert sorted({one[:2] for one in waiting}) == [("analyse", "queued"), ("criteria", "queued")]
        told_of = "SELECT position, criterion FROM verdicts WHERE kind = 'circuit' ORDER BY position"
        assert ("necessity",) not in [one[1:] for one in every(told_of)]
        assert {len(text) for (text,) in every("SELECT verdicts FROM circuits")} == {len(every(told_of))}
        assert gone not in str(every("SELECT result FROM jobs"))
        assert every("PRAGMA foreign_key_check") == []
    store.close()
    run_workers(Settings(data=tmp_path, database_url=""), slots=1, until_idle=True)
    with store_at(f"sqlite:///{file}").read() as session:
        assert len(find_network(session, SLUG).analyses) == 2
        for row in find_network(session, SLUG).analyses:
            assert missing_steps(session, row, [("circuit", CriterionStep.parse("necessity"))]) == ()


@pytest.mark.slow
def test_probes_and_stories_are_carried_over(tmp_path):
    file = tmp_path / "pluriscope.sqlite"
    unpack("0024", file)
    with closing(sqlite3.connect(file)) as old:
        query = "SELECT data FROM shelf_columns WHERE analysis_id = ? AND kind = ? AND name = ?"
        refs = old.execute(query, (1, "probe", "ref")).fetchone()[0].decode().split("\n")
        margins = np.frombuffer(old.execute(query, (1, "probe", "margin")).fetchone()[0])
        relations = [old.execute(query, (one, "stories", "relation")).fetchone()[0] for one in (1, 2)]
    store = store_at(f"sqlite:///{file}")
    store.migrate()
    with store.read() as session:
        analysis = session.get_one(AnalysisRow, 1)
        frame = columns_of(session, analysis, "probe", ("ref", "margin"))
        assert frame["ref"] == refs
        assert frame["margin"].tobytes() == margins.tobytes()
        assert stored_searches(session, 1)["probe"].n == len(refs) > 0
        for number, codes in enumerate(relations, start=1):
            analysis = session.get_one(AnalysisRow, number)
            found = stored_relations(report_row(session, analysis, STORIES))
            assert found is None or found.tobytes() == codes
    store.close()


@pytest.mark.slow
def test_verdicts_are_carried_over(tmp_path):
    """Every outcome, and how many interpretations pass."""
    file = tmp_path / "pluriscope.sqlite"
    unpack("0024", file)
    before: dict[tuple, bytes] = {}
    with closing(sqlite3.connect(file)) as old:
        query = (
            "SELECT analysis_id, kind, criterion, settings_digest, data FROM verdict_blocks JOIN verdicts "
            "ON id = verdict_id WHERE name = 'outcomes' ORDER BY verdict_id, block"
        )
        for *key, data in old.execute(query):
            before[tuple(key)] = before.get(tuple(key), b"") + zlib.decompress(data)
    store = store_at(f"sqlite:///{file}")
    store.migrate()
    kinds = set()
    with store.read() as session:
        for row in find_network(session, SLUG).analyses:
            counts = [whole_counts(session, row, name) for name in ("interpretations", "observed")]
            for one in row.verdicts:
                outcomes = before.pop((row.id, one.kind, one.criterion, one.settings_digest))
                kinds.add(one.kind)
                if one.kind == "interpretation":
                    read = readings_in(one.by_circuit, *counts)
                    told = tuple(sum(getattr(each, name) for each in read) for name in ("total", "passed", "undecided"))
                    of = one.passed + one.failed + one.undecided + one.not_applicable
                    assert told == (of, one.passed, one.undecided)
                    assert [each.outcome == 3 for each in read] == [code == 3 for code in outcomes]
                else:
                    step = CriterionStep.parse(one.criterion)
                    assert judged_outcomes(session, row, one.kind)[step].tobytes() == outcomes
    assert before == {}
    assert kinds == {"circuit", "interpretation", "algorithm", "alignment", "probe"}
    store.close()


@pytest.mark.slow
def test_circuits_of_models_become_rows(tmp_path):
    """They stood as columns of bytes; a search without one of its figures is as if it had never been made."""
    question = GraphQuestion(TOY, read_perceptron(DOCUMENT), TOY.default_rules)
    found = judged_circuits(question, find_masks(question))
    circuits = found.circuits
    frame = {
        "ref": np.array([one.mask for one in circuits]),
        "name": np.array([one.mask for one in circuits]),
        "edges": np.array([one.bits for one in circuits]),
        **{name: np.array([getattr(one, name) for one in circuits]) for name in ("nodes", "right", "worst", "margin")},
        "minimal": np.array([one.minimal for one in circuits]),
        **{name: np.array([one.outcomes[name] for one in circuits]) for name in circuits[0].outcomes},
    }
    figures = {"edges": "<i8", "nodes": "<i8", "right": "<i8", "worst": "<f8", "margin": "<f8", "minimal": "?"}
    data = {
        name: values.astype(figures[name]).tobytes() if name in figures else "\n".join(values.tolist()).encode()
        for name, values in frame.items()
    }
    search = {"engine_version": "1", "valid": found.valid, "possible": "9", "listed": len(found.circuits)}
    data |= {"search": json.dumps(search | {"by_bits": [], "bit_use": []}).encode(), "methods": b'{"answers":[]}'}
    file = tmp_path / "pluriscope.sqlite"
    unpack("0024", file)
    with closing(sqlite3.connect(file)) as old:
        model_row = (1, "d" * 64, "kept", "Kept", "of-tests", b"{}", "uploaded", 1, "2026-01-01 00:00:00.000000")
        old.execute("INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", model_row)
        for kept_under, left_out in (("", ""), ("heads", "minimal")):
            rows = [(1, kept_under, name, value) for name, value in data.items() if name != left_out]
            old.executemany("INSERT INTO model_columns VALUES (?, ?, ?, ?)", rows)
        old.commit()
    store = store_at(f"sqlite:///{file}")
    upgrade(store, tmp_path, lambda _: None)
    with store.read() as session:
        [row] = session.scalars(select(AnalysisRow).join(NetworkRow).where(NetworkRow.slug == "kept")).all()
        read = columns_of(session, row, "circuit", ("edges", "neurons", "right", "worst", "margin"))
        for name, column in zip(read, ("edges", "nodes", "right", "worst", "margin"), strict=True):
            assert read[name].tolist() == frame[column].tolist(), name
        outcomes = {step.key: list(judged) for step, judged in judged_outcomes(session, row, "circuit").items()}
        assert outcomes.pop("minimal-subset") == [0 if minimal else 1 for minimal in frame["minimal"]]
        for key, judged in outcomes.items():
            assert [OUTCOMES[one].replace("_", " ") for one in judged] == frame[key.replace("-", "_")].tolist(), key
        assert len(outcomes) > 3
        assert report_row(session, row, "methods").found == {"answers": []}
    store.close()


SEARCHED = {
    "tracr-histogram-DIGITS": ("complete", "heads", "nodes-mean"),
    "tracr-induction": ("complete", "heads"),
    "majority-5-attention-DIGITS": ("complete", "nodes"),
    "majority-1-1-heads-seed-0": ("complete",),
}
"""Transformers in the kept store by their slugs, and rules under which circuits were searched."""


@pytest.fixture(params=["sqlite", "postgresql", "restored on postgresql"])
def with_transformers(request, tmp_path):
    """A store of the last version that kept transformers apart, brought to the present, and a copy as it was."""
    file = tmp_path / "kept.sqlite"
    dump = FIXTURES / "transformers_0030.sql.gz"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(gzip.decompress(dump.read_bytes()).decode())
        names = [row[1] for row in connection.execute("PRAGMA table_info(jobs)")]
        of_one = ("id", "state", "arguments", "result", "finished_at")
        asked = ", ".join(f'"{name}"' for name in names if name not in of_one)
        connection.execute(  # asked under rules of which nothing is known so far
            f"INSERT INTO jobs ({', '.join(of_one)}, {asked}) SELECT 'a lens', 'queued', "  # noqa: S608
            f"replace(arguments, 'split', ''), '{{}}', NULL, {asked} FROM jobs WHERE kind = 'model-lenses' "
            "AND arguments LIKE '%split%'"
        )
        connection.commit()
    url = f"sqlite:///{tmp_path / 'pluriscope.sqlite'}"
    if request.param != "sqlite":
        url = request.getfixturevalue("postgresql").database(empty=True)
    if request.param == "postgresql":
        there, old = store_at(url), store_at(f"sqlite:///{file}")
        there.migrate(up_to="0030")
        with old.reader.connect() as reading:
            copy_rows(reading, there)
        old.close()
        upgrade(there, tmp_path, lambda _: None)
    else:
        restore(file, url)
        there = store_at(url)
    yield there, file
    there.close()


@pytest.mark.slow
def test_transformers_become_networks(with_transformers):
    """With their circuits, what was found out about these, and a slug that a perceptron has, too."""
    store, file = with_transformers
    with store.read() as session, closing(sqlite3.connect(file)) as old:
        old.row_factory = sqlite3.Row
        assert find_network(session, "tracr-histogram").kind == find_network(session, "majority-5-attention").kind
        for model in old.execute("SELECT * FROM models").fetchall():
            row = find_network(session, model["digest"])
            for name in ("name", "kind", "document", "origin"):
                assert getattr(row, name) == model[name]
            assert formerly_called(session, model["slug"]) is row
            rules = SEARCHED.get(row.slug.replace(row.digest[:6], "DIGITS"), ())
            found = {one.protocol.name: one for one in row.analyses if one.circuits_method != "refused"}
            assert set(found) == set(rules), row.slug
            for one in found.values():
                _compare_circuits(session, one, old, model["id"])
            assert network_row(bytes(model["document"]), row.slug, row.origin).tasks == row.tasks
        reports = "SELECT m.digest, rules, r.name, content FROM model_reports r JOIN models m ON m.id = model_id"
        for digest, rules, name, content in old.execute(reports).fetchall():
            if name != "search":
                row = find_analysis(session, find_network(session, digest), Scope(0, rules or "complete"))
                kept = report_row(session, row, name)
                assert kept.found == json.loads(content)
                asked = f'{{"model": "{digest}", "rules": "{rules}"}}'
                times = "SELECT started_at, finished_at FROM jobs WHERE kind = ? AND arguments = ?"
                [[began, ended]] = old.execute(times, (f"model-{name}", asked)).fetchall()
                began, ended = (datetime.fromisoformat(at).replace(tzinfo=UTC) for at in (began, ended))
                assert (kept.created_at, kept.thorough) == (ended, True), "no page offers what is done already"
                assert kept.seconds == (ended - began).total_seconds() > 0
        refused = find_analysis(session, find_network(session, "tracr-distinct"), Scope(0, "split"))
        assert (refused.circuits_method, refused.circuits_truncated_at, refused.circuits_listed) == ("refused", 0, 0)


def _compare_circuits(session, row, old, model):
    rules = "" if row.protocol.name == "complete" else row.protocol.name
    question = analysed_question(session, row)
    frame = stored_circuits(session, row, question)
    circuits = "SELECT * FROM model_circuits WHERE model_id = ? AND rules = ? ORDER BY position"
    before = old.execute(circuits, (model, rules)).fetchall()
    assert len(frame["ref"]) == len(before) == row.circuits_listed > 0
    for name in ("edges", "nodes", "right", "worst", "margin", "minimal"):
        assert frame[name].tolist() == [one[name] for one in before], name
    assert frame["ref"].tolist() == [one["mask"] for one in before]
    for at, one in enumerate(before):
        assert {name: str(frame[name][at]) for name in json.loads(one["told"])} == json.loads(one["told"])
    asked = (row.protocol_digest, row.data_digest)
    assert asked == (question.protocol.digest, question.data_document["digest"])
    again = load_analysis_inputs(session, analyse_arguments(row.network.digest, 0, question.protocol))(Work())
    assert again.circuits["mask"] == frame["ref"].tolist()
    for name in ("edges", "right", "worst", "margin"):
        assert again.circuits[name] == frame[name].tolist(), f"the same search again finds the same {name}"
    for name, value in again.columns.items():
        # the digest is of the criteria, too, and today there are more of them
        assert name in ("provenance", "result_digest") or value == getattr(row, name), name


@pytest.mark.slow
def test_former_addresses_of_transformers_answer_after_an_upgrade(with_transformers):
    """Pages and records, with all that was found out; below /models, too."""
    store, file = with_transformers
    with store.read() as session:
        rows = {row.slug: row for row in session.scalars(select(NetworkRow).where(NetworkRow.document.is_not(None)))}
        asked = []
        for row in rows.values():
            for one in row.analyses:
                reports = session.scalars(select(AnalysisReportRow.kind).where(AnalysisReportRow.analysis_id == one.id))
                asked += [Addresses().analysis(row.slug, key, scope_of(one)) for key in reports]
                asked.append(Addresses().explanations(row.slug, scope_of(one)))
        former = {slug.removesuffix(f"-{row.digest[:6]}"): slug for slug, row in rows.items()}
    settings = Settings(data=file.parent, database_url=store.url)
    with TestClient(create_app(settings), base_url="http://127.0.0.1", follow_redirects=False) as client:
        of_each = [form for address in asked for form in (address, Addresses().twin(address))]
        for address in (*map(Addresses().network, rows), *of_each):
            answer = client.get(address, follow_redirects=True)  # two that are least alike are shown by Compare
            assert answer.status_code == 200, (address, answer.text[:300])
        states = {client.get(Addresses().twin(one)).json()["state"] for one in asked if "/analyses/" in one}
        assert states == {"done"}
        for slug, present in former.items():
            answer = client.get(f"/models/{slug}/circuits?rules=heads")
            assert answer.headers["location"] == f"/networks/{present}/explanations?protocol=heads"


@pytest.mark.slow
def test_jobs_about_transformers_are_done_as_others(with_transformers):
    store, file = with_transformers
    with closing(sqlite3.connect(file)) as old:
        before = dict(old.execute("SELECT id, kind FROM jobs").fetchall())
        known = set(old.execute("SELECT DISTINCT digest, rules FROM model_reports JOIN models ON id = model_id"))
        asked = old.execute("SELECT id, arguments FROM jobs WHERE kind LIKE 'model-%'").fetchall()
        alone = {one for one, told in asked if tuple(json.loads(told).values()) not in known}
        logs = old.execute("SELECT count(*) FROM job_log").fetchone()[0]
    renamed = {"model-circuits": "analyse", "train-model": "train"}
    with store.read() as session:
        jobs = session.scalars(select(JobRow)).all()
        assert {job.id: job.kind for job in jobs} == {
            one: renamed.get(kind, kind.removeprefix("model-")) for one, kind in before.items()
        } | dict.fromkeys(alone, "analyse")  # what they were to go on from is not there
        assert "a lens" in alone
        assert {job.kind for job in jobs} <= DEFINITIONS.keys()
        assert session.scalar(text("SELECT count(*) FROM job_log")) == logs
        for job in jobs:
            network = job.network_digest and find_network(session, job.network_digest)
            if network and network.document:
                address = f"/networks/{network.slug}"
                assert job.result.get("url", address).startswith(address), job.kind
            if job.state == "done" and job.kind not in ("analyse", "train"):
                analysis_meant(session, job.arguments)
    definitions = {kind: DEFINITIONS[kind] for kind in ("analyse", "train")}
    Worker(store, slots=1, definitions=definitions, executor=lent_processes(1)).run(until_idle=True)
    with store.read() as session:
        done = session.scalars(select(JobRow).where(JobRow.kind.in_(definitions))).all()
        assert [job.error for job in done if job.state not in ("done", "cancelled")] == []
        assert find_analysis(session, find_network(session, "majority-1-1-heads-seed-99"), Scope()) is not None
        searched = find_network(session, f"tracr-histogram-{formerly_called(session, 'tracr-histogram').digest[:6]}")
        assert "heads-mean" in {one.protocol.name for one in searched.analyses}
        alone = find_analysis(session, find_network(session, "tracr-distinct"), Scope())
        waiting = session.scalars(select(JobRow).where(JobRow.kind == "lenses", JobRow.state == "queued")).all()
        assert alone.result_digest in {job.arguments["result"] for job in waiting}


@pytest.mark.slow
def test_work_that_is_done_no_more_goes(tmp_path):
    """Studies were summed up by jobs; their outcomes stay."""
    file = tmp_path / "pluriscope.sqlite"
    unpack("0025", file)
    with closing(sqlite3.connect(file)) as old:
        names = [row[1] for row in old.execute("PRAGMA table_info(jobs)") if row[1] != "id"]
        columns = ", ".join(f'"{name}"' for name in names)
        taken = columns.replace('"kind"', "'study-summary'")
        old.execute(f"INSERT INTO jobs (id, {columns}) SELECT 'summary', {taken} FROM jobs LIMIT 1")  # noqa: S608
        old.execute("INSERT INTO job_log (job_id, at, level, message) VALUES ('summary', '2026-01-01', 'info', 'x')")
        old.commit()
    store = store_at(f"sqlite:///{file}")
    before = everything(store)
    store.migrate(up_to="0026")
    after = everything(store)
    assert set(before) - set(after) == {"study_summaries"}
    assert len(before["jobs"]) - 1 == len(after["jobs"])
    assert "study-summary" not in str(after["jobs"])
    assert len(before["job_log"]) - 1 == len(after["job_log"])
    for name, rows in after.items():
        assert name.startswith("job") or rows == before.get(name, []), name
    store.close()


@pytest.mark.slow
def test_parts_of_analyses_on_their_way_go(tmp_path):
    """What a job had found by then was kept beside whole analyses; its rows go with it, and those of the whole stay."""
    file = tmp_path / "pluriscope.sqlite"
    unpack("0026", file)
    with closing(sqlite3.connect(file)) as old:
        new_id = old.execute("SELECT max(id) + 1 FROM analyses").fetchone()[0]
        for table, column in (("analyses", "id"), ("circuits", "analysis"), ("algorithms", "analysis_id")):
            names = [
                row[1] for row in old.execute(f"PRAGMA table_info({table})") if table == "circuits" or row[1] != "id"
            ]
            names = [name for name in names if name not in (column, "so_far")]
            said = ", ".join(f'"{name}"' for name in names)
            part = ", so_far" if table == "analyses" else ""
            value = ", 'job'" if part else ""
            old.execute(
                f"INSERT INTO {table} ({column}, {said}{part}) SELECT {new_id}, {said}{value} FROM {table} "  # noqa: S608
                f"WHERE {column} = (SELECT min(id) FROM analyses)"
            )
        old.execute("UPDATE analyses SET circuits_method = 'estimated' WHERE id = 1")
        old.commit()
    store = store_at(f"sqlite:///{file}")
    before = everything(store)
    store.migrate()
    after = everything(store)
    assert len(before["analyses"]) == len(after["analyses"]) + 1
    assert len(before["circuits"]) > len(after["circuits"]) > 0
    with store.read() as session:
        assert {row.id for row in session.scalars(select(AnalysisRow))} == set(range(1, new_id))
        assert session.get(AnalysisRow, 1).circuits_method == "sampled", "as it has been called since 0032"
        orphans = "SELECT count(*) FROM algorithms WHERE analysis_id NOT IN (SELECT id FROM analyses)"
        assert session.scalar(text(orphans)) == 0
    store.close()
