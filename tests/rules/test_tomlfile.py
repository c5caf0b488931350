"""The line of every key of a TOML file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tppcore.errors import SpecError
from tppcore.rules.tomlfile import Key, TomlFile

TEXT = """# a comment
id = "x"

[[version]]   # first
effective = 2023-11-17
[[version.paragraph]]
id = "a"
all = [
    "tpp >= 4800",
    "tpp >= 4_800",
]
[[version.paragraph]]
"id" = "b"
[[version]]
effective = 2024-11-17
[[version.paragraph]]
id = "c"
[table]
'quoted' = 1
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ((), 1),
        (("id",), 2),
        (("version", 0), 4),
        (("version", 0, "effective"), 5),
        (("version", 0, "paragraph", 0), 6),
        (("version", 0, "paragraph", 0, "id"), 7),
        (("version", 0, "paragraph", 1, "id"), 13),
        (("version", 1), 14),
        (("version", 1, "paragraph", 0, "id"), 17),
        (("table", "quoted"), 19),
        (("version", 0, "paragraph", 1, "missing"), 12),
        (("nothing", "there"), 1),
    ],
)
def test_lines(key: Key, line: int) -> None:
    assert TomlFile(Path("x.toml"), TEXT).line(key) == line


def test_line_of_an_item_of_a_list() -> None:
    file = TomlFile(Path("x.toml"), TEXT)
    assert file.line(("version", 0, "paragraph", 0, "all"), "tpp >= 4_800") == 10
    assert file.line(("version", 0, "paragraph", 0, "all"), "nowhere") == 8


def test_fail_names_file_and_line() -> None:
    error = TomlFile(Path("some/x.toml"), TEXT).fail(("id",), "wrong; expected right")
    assert str(error) == "x.toml:2: wrong; expected right"
    assert (error.file, error.line) == ("x.toml", 2)


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = = 2\n", 2), ("a = 1\na = 2\n", 2), ("a = [1,\n2\n", 3), ("a = " + "[" * 9999, 1)],
)
def test_not_toml(text: str, line: int) -> None:
    with pytest.raises(SpecError, match=r"not TOML|nested too deep") as caught:
        TomlFile(Path("x.toml"), text)
    assert caught.value.line == line


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="can't be read"):
        TomlFile(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(SpecError, match="can't be read"):
        TomlFile(tmp_path / "bytes.toml")
