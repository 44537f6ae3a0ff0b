import pytest

from benchmarks.seen import differences, normal, read, shows, write


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("/static/house.css?v=1a2b", "/static/house.css?v=77"),
        ("<p>at 29 Nov 2026 11:42 UTC</p>", "<p>at 3 Dec 2026 01:02 UTC</p>"),
        ("waits for 5 h 22 min", "waits for 1 min 3 s"),
        ("it took 0.31 s", "it took 12 s"),
        ("ends in about 0.7 to 2 minutes", "ends in 3 to 11 seconds"),
        ("request <code>d47afe464724</code>", "request <code>cfccea73d823</code>"),
        ("67.7 of 270.6 GB", "3 of 9.1 GB"),
        ("store at /tmp/one/x", "store at /tmp/two/x"),
        ('{"seconds": {"count": 1.5}, "n": 1}', '{"seconds": {"count": 2}, "n": 1}'),
        ('[{"created_at": "2026-11-29T01:02:03Z"}]', '[{"created_at": "2027-01-01T00:00:00.5+00:00"}]'),
    ],
)
def test_what_another_run_says_otherwise_is_left_out(text, other):
    folders = {"/tmp/one": "DATA", "/tmp/two": "DATA"}  # noqa: S108
    assert normal(text, folders) == normal(other, folders) != text


@pytest.mark.parametrize(
    ("text", "other"),
    [("<p>3 circuits</p>", "<p>4 circuits</p>"), ('{"seconds": 1, "n": 1}', '{"seconds": 1, "n": 2}'), ("a", "b")],
)
def test_what_differs_stays(text, other):
    assert normal(text) != normal(other)


def test_each_difference_is_a_line_with_its_first_lines(tmp_path):
    write(tmp_path / "old", [("/a", normal("<p>x</p><b>one</b><i>1</i>")), ("/b", "same"), ("/gone", "")])
    write(tmp_path / "new", [("/new", ""), ("/b", "same"), ("/a", normal("<p>x</p><b>two</b><i>2</i>"))])
    assert list(differences(read(tmp_path / "old"), read(tmp_path / "new"))) == [
        "/a: '<b>one</b>' → '<b>two</b>'",
        "/gone: only before",
        "/new: only after",
    ]


def test_long_texts_differ_to_their_ends(tmp_path):
    for name in "ab":
        write(tmp_path / name, [("/long", "x" * 300_000 + name)])
    (line,) = differences(read(tmp_path / "a"), read(tmp_path / "b"))
    assert line.startswith("/long: 'sha256 ")


def test_networks_of_one_kind_share_addresses_and_each_option_is_a_kind():
    assert shows("/networks/and-3-3/play?e=1&at=2") == shows("/networks/xor-85/play?e=7&at=1")
    assert len(shows("/networks/and-3-3/play?e=1&at=2")) == 2
    assert shows("/networks/xor-pretrained/play") != shows("/networks/and-3-3/play")
