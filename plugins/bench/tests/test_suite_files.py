"""The folder of a suite: the same digest however it was made, and refused by name where it is not whole."""

import json

import pytest

from plugins.bench.tests.suites import design, made, saved
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope_bench import suite_files, suite_making
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.judging import judge_of
from pluriscope_bench.key.suite import InvalidSuite
from pluriscope_bench.key.truths import truths_of
from pluriscope_bench.suite_files import SuiteFolder, read_suite

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path):
    return saved(tmp_path / "suite")


@pytest.fixture
def whole(folder):
    folder.finish()
    return folder.path


def changed(path, **fields):
    """Put other fields into a manifest."""
    file = path / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def replaced(path, raw):
    """Put another table of networks into a suite, with a manifest that says so."""
    (path / "networks.parquet").write_bytes(raw)
    files = json.loads((path / "manifest.json").read_text())["files"]
    changed(path, files={**files, "networks.parquet": sha256_hex(raw)})


def test_a_suite_is_read_as_it_was_made(whole):
    suite, kept = read_suite(whole), [one for some in made() for one in some if one["network"]]
    assert [one.name for one in suite.networks] == [one["network"]["name"] for one in kept]
    for one in kept:
        name = one["network"]["name"]
        question = suite.by_name[name].question
        fresh, stored = truths_of(question, [PRIMARY])[0], suite.truth(name)
        assert stored.masks.tolist() == fresh.masks.tolist()
        assert (stored.smallest, stored.backbone, stored.minimal) == (fresh.smallest, fresh.backbone, fresh.minimal)
        assert all(judge_of(question, PRIMARY).are_valid([int(stored.masks[0]), int(stored.masks[-1])]))
        assert list(suite.truths[name]) == [row["condition"] for row in one["truths"]]
    assert list(suite.answers) == [row for one in kept for row in one["answers"]]


def test_every_seed_is_counted(whole):
    arms = json.loads((whole / "manifest.json").read_text())["arms"]
    assert {key: arm["networks"] + sum(arm["left_out"].values()) for key, arm in arms.items()} == {"xor": 6, "heads": 1}
    assert sum(arms["xor"]["left_out"].values()), "some do not converge, or the count of these is not tested"


def test_the_digest_is_the_same_whatever_the_chunks(whole, tmp_path):
    (tmp_path / "other").mkdir()
    other = SuiteFolder(tmp_path / "other", design(licence="MIT", name="Another name"), "public")
    other.begin()
    for one in reversed([one for some in made() for one in some]):
        other.save([one])
    assert other.finish().digest == read_suite(whole).digest


def test_it_is_another_digest_where_a_truth_is_another(folder, whole, tmp_path):
    assert design(version="2").digest("public") != design().digest("public")
    truths = json.loads((whole / "manifest.json").read_text())["truths"]
    changed(whole, truths={**truths, next(iter(truths)): "0" * 64})
    with pytest.raises(InvalidSuite, match="another digest"):
        read_suite(whole)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda one: (one / "manifest.json").unlink(), "is not finished|has no manifest"),
        (lambda one: (one / "manifest.json").write_text("{}"), "not of the format"),
        (lambda one: (one / "manifest.json").write_text("{"), "manifest"),
        (lambda one: changed(one, made={}), "lacks|required|missing"),
        (lambda one: changed(one, files=[]), "files"),
        (lambda one: changed(one, digest="0"), "another digest"),
        (lambda one: replaced(one, b"PAR1"), "networks.parquet that cannot be read"),
        (lambda one: replaced(one, (one / "truths.parquet").read_bytes()), "networks.parquet that cannot be read"),
        (lambda one: (one / "networks.parquet").write_bytes(b"PAR1"), "networks.parquet that is not the one"),
        (lambda one: (one / "networks.parquet").unlink(), "lacks networks.parquet"),
    ],
)
def test_a_damaged_suite_is_refused_by_name(whole, spoil, words):
    spoil(whole)
    with pytest.raises(InvalidSuite, match=words):
        read_suite(whole)


def test_damaged_lists_are_refused_when_they_are_read(whole):
    suite = read_suite(whole)
    name = suite.networks[0].name
    (whole / "truth" / f"{name}.parquet").write_bytes(b"PAR1")
    with pytest.raises(InvalidSuite, match=f"truth/{name}.parquet"):
        suite.truth(name)


def test_another_suite_is_refused_with_the_digest_that_is_needed(whole):
    with pytest.raises(InvalidSuite, match="Give the suite with the digest abc"):
        read_suite(whole, "abc")


def test_an_unfinished_suite_says_so(folder):
    with pytest.raises(InvalidSuite, match="is not finished"):
        read_suite(folder.path)


@pytest.mark.parametrize("what", ["part", "list"])
def test_what_is_damaged_is_made_again(folder, what):
    part = folder.path / "parts" / "0-0.json.gz"
    damaged = part if what == "part" else next((folder.path / "truth").glob("xor-relu-*"))
    damaged.write_bytes(damaged.read_bytes()[:-9])
    names, done = folder.begin()
    assert (names, done) == (["0-0.json.gz"], [set(), {0, 1, 2}, {0}])
    folder.save(made()[0])
    assert folder.begin()[1] == [{0, 1, 2}, {0, 1, 2}, {0}]


def test_parts_of_another_suite_are_refused(folder):
    with pytest.raises(InvalidSuite, match="parts of another suite"):
        SuiteFolder(folder.path, design(version="2"), "public").begin()


def test_a_folder_with_something_else_is_refused(folder):
    (folder.path / "notes.txt").touch()
    with pytest.raises(InvalidSuite, match=r"'notes\.txt'"):
        folder.check(list(folder.path.iterdir()))


def test_tables_alone_have_the_same_digest_and_answers(whole, tmp_path):
    suite = read_suite(whole)
    (tmp_path / "tables").mkdir()
    suite_files.write_tables(suite, tmp_path / "tables")
    alone = read_suite(tmp_path / "tables")
    assert (alone.digest, alone.answers) == (suite.digest, suite.answers)
    for one in alone.networks:
        truth = alone.truth(one.name)
        assert (truth.n_valid, truth.masks) == (suite.truth(one.name).n_valid, None)
        assert (truth.by_size, truth.backbone) == (suite.truth(one.name).by_size, suite.truth(one.name).backbone)
        assert one.file == suite.by_name[one.name].file
        with pytest.raises(InvalidSuite, match="has no lists of valid circuits, only tables"):
            alone.known(one.name)


@pytest.mark.release
def test_networks_that_come_with_it_are_taken_and_not_trained(whole, tmp_path, monkeypatch):
    suite = read_suite(whole)
    (tmp_path / "bundled" / "public").mkdir(parents=True)
    suite_files.write_tables(suite, tmp_path / "bundled" / "public")
    monkeypatch.setattr(suite_files, "bundled", lambda name: tmp_path / "bundled" / name)
    monkeypatch.setattr(suite_making, "_perceptrons", None)
    monkeypatch.setattr(suite_making, "_transformers", None)
    suite_files.shipped.cache_clear()
    (tmp_path / "again").mkdir()
    again = SuiteFolder(tmp_path / "again", design(), "public")
    again.begin()
    assert [len(seeds) for seeds in again.seeds] == [sum(one["network"] is not None for one in some) for some in made()]
    for cell, seeds in enumerate(again.seeds):
        again.save(suite_making.make_networks(design(), cell, seeds, None, Work(), "public"))
    found = again.finish()
    suite_files.shipped.cache_clear()
    assert found.digest == suite.digest
    assert {**found.manifest, "files": {}} == {**suite.manifest, "files": {}}
    assert (found.answers, found.networks) == (suite.answers, suite.networks)
    assert SuiteFolder(tmp_path, design(version="2"), "public").shipped is None


@pytest.mark.parametrize("half", ["small", pytest.param("public", marks=pytest.mark.release)])
def test_every_network_of_a_bundled_suite_is_right_as_a_whole(half):
    suite = read_suite(suite_files.bundled(half))
    assert all(one.question.subject.digest == one.digest for one in suite.networks)
    whole = {one.name: judge_of(one.question, PRIMARY).are_valid([(1 << one.n_edges) - 1]) for one in suite.networks}
    assert [name for name, valid in whole.items() if valid != [True]] == []
    assert all(sum(suite.truths[one.name][PRIMARY.key]["sizes"]) for one in suite.networks)


@pytest.mark.release
@pytest.mark.parametrize("half", ["small", "public"])
def test_bundled_suites_are_whole_and_small(half):
    design, suite = suite_files.bundled_design(), read_suite(suite_files.bundled(half))
    assert {f"{one.arm}-{one.cell}" for one in suite.networks} == {cell.name for cell in design.cells}
    assert suite.manifest["made"]["design"] == design.digest(half)
    assert all(suite.checked(name) for name in suite.manifest["files"])
    assert sum(one.stat().st_size for one in suite.folder.rglob("*")) <= 5_000_000
