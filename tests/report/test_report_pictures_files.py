"""--png and --svg: every picture as a file, under the same names each time, without a browser."""

from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from run_folders import OVERFITTING, make_run
from test_report_command import trainlab

from trainlab.core.errors import UserError
from trainlab.report.picture_files import pictures_of, write_pictures
from trainlab.report.rows import gather


@pytest.fixture
def runs(tmp_path):
    """Two runs."""
    make_run(tmp_path / "runs", "a", findings=[OVERFITTING])
    make_run(tmp_path / "runs", "b", config={"lr": 0.5})
    return tmp_path / "runs"


def test_one_run(runs, tmp_path):
    """A run's pictures are PNG files of a readable size and SVG files that parse, with the same names."""
    code, _, err = trainlab("a-1", "--runs", runs, "--png", tmp_path / "png", "--svg", tmp_path / "svg")
    assert code == 0
    png, svg = sorted((tmp_path / "png").iterdir()), sorted((tmp_path / "svg").iterdir())
    assert "loss.png" in [path.name for path in png]
    assert [path.stem for path in png] == [path.stem for path in svg]
    assert f"wrote {len(png)} pictures to {tmp_path}/png: " in err
    for path in png:
        data = path.read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert int.from_bytes(data[16:20]) >= 600
    for path in svg:
        root = ElementTree.fromstring(path.read_text())  # noqa: S314  # our own file
        assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_many_runs_and_names(runs):
    """Several runs give the pictures that compare them, and names are stable."""
    records = gather([], runs)
    names = [picture.name for picture in pictures_of([], runs, records)]
    assert names
    assert names == [picture.name for picture in pictures_of([], runs, gather([], runs))]
    assert len(set(names)) == len(names)
    assert set(names) != {picture.name for picture in pictures_of(["a-1"], runs, records[:1])}


def test_unsafe_names(tmp_path):
    """Names that a file system does not take become safe ones, and none is written over another."""
    pictures = [SimpleNamespace(name=name, svg=lambda: "<svg/>") for name in ("../a", "..\x1b/a", "b")]
    written = write_pictures(pictures, tmp_path / "new" / "pictures", "svg")
    assert [path.name for path in written] == ["a.svg", "a-1.svg", "b.svg"]
    assert all(path.parent == tmp_path / "new" / "pictures" for path in written)


def test_no_folder(runs, tmp_path):
    """A folder that cannot be made is a sentence."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError) as caught:
        write_pictures([], tmp_path / "file" / "x", "png")
    assert str(caught.value) == f"{tmp_path}/file/x: cannot write: Not a directory"
