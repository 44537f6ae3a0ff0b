import pytest

from pluriscope.app.offline.site import CannotExport
from pluriscope_learn.copies.folder import check_target, made_at_once


def test_a_folder_has_its_name_when_it_is_whole_and_what_is_broken_off_leaves_nothing(tmp_path):
    target = tmp_path / "site"

    def write_half() -> None:
        with made_at_once(target) as folder:
            (folder / "a").write_text("half")
            assert not target.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert list(tmp_path.iterdir()) == []
    target.mkdir()
    with made_at_once(target) as folder:
        (folder / "a").write_text("whole")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["site", "site/a"]


def test_folders_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    with pytest.raises(CannotExport, match="is not empty"):
        check_target(tmp_path / "full")
    check_target(tmp_path / "new")
    for name, why in (("file", "is a file"), ("link", "is a link"), ("none/new", "does not exist")):
        with pytest.raises(CannotExport, match=why):
            check_target(tmp_path / name)
