"""Country groups by date."""

from __future__ import annotations

import datetime

import pytest

from tppcore.errors import UnknownName
from tppcore.rules.countries import CountryGroups, canonical
from tppcore.rules.store import specs

GROUPS = CountryGroups(
    [
        {
            "id": "D:5",
            "member": [
                {"code": "CN"},
                {"code": "KH", "until": "2026-02-02"},
                {"code": "AE", "from": "2026-07-10"},
            ],
        },
        {"id": "A:6"},
    ]
)


@pytest.mark.parametrize(
    ("code", "found"), [("CN", "CN"), ("cn", "CN"), (" Mo ", "MO"), ("HK", "CN"), ("hk", "CN")]
)
def test_canonical(code: str, found: str) -> None:
    assert canonical(code) == found


@pytest.mark.parametrize("code", ["China", "C", "", "D:5", "C1", "CHN"])
def test_not_a_code(code: str) -> None:
    with pytest.raises(UnknownName, match="expected a two-letter country code"):
        canonical(code)


@pytest.mark.parametrize(
    ("date", "members"),
    [
        ("2026-02-02", {"CN", "KH"}),
        ("2026-02-03", {"CN"}),
        ("2026-07-09", {"CN"}),
        ("2026-07-10", {"CN", "AE"}),
    ],
)
def test_members_have_dates(date: str, members: set[str]) -> None:
    assert GROUPS.members("D:5", datetime.date.fromisoformat(date)) == members
    assert GROUPS.members("A:6", datetime.date.fromisoformat(date)) == set()


@pytest.mark.parametrize(
    ("names", "country", "inside"),
    [
        (["D:5"], "CN", True),
        (["D:5"], "MO", False),
        (["MO", "D:5"], "MO", True),
        (["KH"], "KH", True),
        (["HK"], "CN", True),
        ([], "CN", False),
    ],
)
def test_contains(names: list[str], country: str, inside: bool) -> None:
    assert GROUPS.contains(names, country, datetime.date(2026, 3, 1)) is inside


def test_known() -> None:
    assert all(GROUPS.known(name) for name in ("D:5", "A:6", "CN", "ZZ"))
    assert not any(GROUPS.known(name) for name in ("D:9", "China", "cn", ""))


@pytest.mark.parametrize(
    ("group", "country", "date", "inside"),
    [
        ("D:5", "CN", "2022-10-21", True),
        ("D:5", "MO", "2026-02-01", False),
        ("D:5", "KH", "2026-02-02", True),
        ("D:5", "KH", "2026-02-03", False),
        ("D:4", "AE", "2026-07-09", True),
        ("A:5", "AE", "2026-07-10", True),
        ("D:1", "VN", "2026-02-01", True),
    ],
)
def test_shipped_groups(group: str, country: str, date: str, inside: bool) -> None:
    day = datetime.date.fromisoformat(date)
    assert specs().groups.contains([group], country, day) is inside
