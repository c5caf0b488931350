"""docs/edges.md says what happens: its commands and its script give the output that it shows."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tppcore.edges.making import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "edges.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_commands(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    for _, name, text in BLOCKS:
        if name:
            (tmp_path / name).write_text(text)
    python = f'python() {{ "{sys.executable}" "$@"; }}\n'
    tool = f'tppcore() {{ "{sys.executable}" -P -m tppcore.cli "$@"; }}\n'
    commands = [
        each.partition("\n")[::2]
        for kind, _, text in BLOCKS
        if kind == "console"
        for each in text.split("$ ")[1:]
    ]
    assert len(commands) == 3
    for command, shown in commands:
        done = subprocess.run(
            ["bash", "-c", python + tool + command], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == ("score" in command), done.stderr
        pattern = re.escape(shown).replace(re.escape("...\n"), r"(?:.*\n)*?")
        assert re.fullmatch(pattern, done.stdout), done.stdout


def test_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = next(text for kind, name, text in BLOCKS if (kind, name) == ("python", ""))
    shown = next(text for kind, _, text in BLOCKS if kind == "output")
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        exec(code, {})
    assert stream.getvalue() == shown


def test_every_kind_has_its_line() -> None:
    rows = [line.split(" | ")[0] for line in PAGE.splitlines() if line.startswith("| ")]
    named = {name.strip("| ") for row in rows for name in re.split(r"[,;]", row)}
    assert set(KINDS) <= named
