import pytest

from app.offline.site import MANIFEST, CannotExport, check_target, replacing


def write(target, **files):
    with replacing(target) as folder:
        for name, text in files.items():
            path = folder / name.replace("__", "/")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)


def content(target):
    return {
        path.relative_to(target).as_posix(): path.read_text()
        for path in target.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def test_a_copy_takes_the_place_of_an_earlier_one(tmp_path):
    target = tmp_path / "site"
    write(target, a="1", b="2", sub__c="3")
    write(target, a="4", sub__d="5")
    assert content(target) == {"a": "4", "sub/d": "5"}
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_files_of_others_are_not_lost(tmp_path):
    target = tmp_path / "site"
    write(target, a="1", sub__b="2")
    check_target(target, force=True)
    (target / "sub" / "b").write_text("mine")
    with pytest.raises(CannotExport, match=r"sub/b.*would be lost"):
        check_target(target, force=True)
    (target / "sub" / "b").write_text("2")
    (target / "notes").write_text("mine")
    with pytest.raises(CannotExport, match=r"notes.*would be lost"):
        check_target(target, force=True)


def test_what_is_broken_off_leaves_nothing(tmp_path):
    target = tmp_path / "site"
    write(target, a="1")

    def write_half() -> None:
        with replacing(target) as folder:
            (folder / "a").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert content(target) == {"a": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_folders_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    with pytest.raises(CannotExport, match="is not empty"):
        check_target(tmp_path / "full", force=False)
    check_target(tmp_path / "new", force=False)
    for name, why in (("file", "is a file"), ("link", "is a link"), ("none/new", "does not exist")):
        with pytest.raises(CannotExport, match=why):
            check_target(tmp_path / name, force=True)
