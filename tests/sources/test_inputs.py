"""Which files are meant by names, patterns and folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tppcore.errors import TppError
from tppcore.sources.inputs import Input, find, is_one_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "data/country=CN/year=2025/b.parquet",
        "data/country=CN/year=2025/a.parquet",
        "data/country=CN/year=2024/z.parquet",
        "data/country=A%20B/year=2024/z.parquet",
        "data/country=__HIVE_DEFAULT_PARTITION__/year=2024/z.parquet",
        "data/_metadata",
        "data/country=CN/.hidden.parquet",
        "data/_temporary/0/c.parquet",
        "flat/10.csv.gz",
        "flat/9.csv",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paths(*sources: str) -> list[str]:
    return [each.path for each in find(sources)]


def test_a_folder_with_partitions(folder: Path) -> None:
    found = find(["data"])
    assert [each.path.removeprefix("data/") for each in found] == [
        "country=A%20B/year=2024/z.parquet",
        "country=CN/year=2024/z.parquet",
        "country=CN/year=2025/a.parquet",
        "country=CN/year=2025/b.parquet",
        "country=__HIVE_DEFAULT_PARTITION__/year=2024/z.parquet",
    ]
    assert [each.partitions["country"] for each in found] == ["A B", "CN", "CN", "CN", None]
    assert found[3] == Input(found[3].path, {"country": "CN", "year": "2025"})


def test_patterns(folder: Path) -> None:
    assert paths("flat/*.csv*") == ["flat/10.csv.gz", "flat/9.csv"]
    assert paths(str(folder / "flat" / "9.*")) == [str(folder / "flat" / "9.csv")]
    assert len(paths("data/**/*.parquet")) == 5
    [first, *_] = find(["data/country=CN/*/a.parquet"])
    assert first.partitions == {"year": "2025"}
    assert next(each.partitions for each in find(["data/*=CN"])) == {
        "country": "CN",
        "year": "2024",
    }


def test_sources_stand_in_the_order_they_are_named(folder: Path) -> None:
    assert paths("flat/9.csv", "flat/10.csv.gz") == ["flat/9.csv", "flat/10.csv.gz"]
    assert paths("flat", "data/country=CN/year=2024")[-1].endswith("z.parquet")


def test_a_name_with_brackets_is_a_name(folder: Path) -> None:
    Path("a[1].csv").write_text("x")
    assert paths("a[1].csv") == ["a[1].csv"]
    assert is_one_file(["a[1].csv"])
    assert not is_one_file(["flat/*.csv"])
    assert not is_one_file(["flat"])
    assert not is_one_file(["flat/9.csv", "flat/9.csv"])
    assert is_one_file(["-"])


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (["flat/*.parquet"], "flat/[*].parquet: no file matches"),
        (["empty"], "empty: a folder without files"),
        (["flat/9.csv", "flat/*"], r"9.csv: stands there twice"),
        (["notes"], r"notes/readme: unknown extension in a folder of data; .*'notes/\*.parquet'"),
        (["twice"], "a.csv: country stands there twice"),
    ],
)
def test_errors(folder: Path, sources: list[str], message: str) -> None:
    Path("empty").mkdir()
    Path("notes").mkdir()
    Path("notes/readme").write_text("x")
    Path("twice/country=CN/country=US").mkdir(parents=True)
    Path("twice/country=CN/country=US/a.csv").write_text("x")
    with pytest.raises(TppError, match=message):
        find(sources)
