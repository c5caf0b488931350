"""The bar of a long job: rows, rate and time left on a terminal, nothing elsewhere."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tppcore.progress import rows_bar

pty = pytest.importorskip("pty")


def test_nothing_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with rows_bar("classifying", lambda rows: rows / 10) as advance:
        advance(10)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="terminals differ")
def test_rows_rate_and_time_left_on_a_terminal(tmp_path: Path) -> None:
    code = (
        "import time\nfrom tppcore.progress import rows_bar\n"
        "with rows_bar('classifying', lambda rows: rows / 4_000_000) as advance:\n"
        "    for _ in range(4): time.sleep(0.3); advance(1_000_000)\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.environ["COLUMNS"] = "120"
        os.execv(sys.executable, [sys.executable, "-P", "-c", code])
    shown = b""
    while True:
        try:
            some = os.read(terminal, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not some:
            break
        shown += some
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0
    text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", shown).decode()
    assert re.search(r"classifying .*75 % 3,000,000 rows, \d+\.\d million/s .*left: ", text)
