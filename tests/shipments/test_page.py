"""docs/ledger.md says of every limit what a group is, as the code has it."""

from __future__ import annotations

from pathlib import Path

from tppcore.shipments.limits import BASES
from tppcore.shipments.rows import OPTIONAL, REQUIRED

PAGE = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text("utf-8")


def test_every_limit_and_column_has_its_line() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for name in (*REQUIRED, *OPTIONAL):
        assert any(line.startswith(f"| `{name}` |") for line in lines), name
    for basis in BASES:
        rule, _, local = basis.paragraph.partition("/")
        family = local.removesuffix("-doubled").removesuffix("-us")
        [line] = [each for each in lines if each.startswith(f"| `{rule}/{family}`")]
        assert " and ".join(basis.by) in line
        if basis.last_year:
            assert f"to {basis.last_year}" in line
