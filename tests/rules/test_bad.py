"""Broken rule files are refused with file, line and what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tppcore.errors import SpecError
from tppcore.rules.store import specs

BAD = sorted((Path(__file__).parents[2] / "specs" / "rules" / "bad").glob("*.toml"))


def test_there_are_bad_files() -> None:
    assert len(BAD) >= 50


@pytest.mark.parametrize("path", BAD, ids=[path.stem for path in BAD])
def test_bad_file(path: Path) -> None:
    expected = re.match(r"# expect: ([\d:]+): (.+)", path.read_text("utf-8"))
    assert expected, "its first line says what to expect"
    with pytest.raises(SpecError) as caught:
        specs().with_files([path])
    assert str(caught.value).startswith(f"{path.name}:{expected[1]}: ")
    assert expected[2] in caught.value.message
