"""Ledgers computed by hand, on both sides of each limit."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import tppcore as tpp
from tppcore.shipments.accounts import Account
from tppcore.shipments.groups import Group
from tppcore.shipments.ledger import Ledger, ledger

H100 = 15832
COLUMNS = ("date", "product", "units", "destination", "consignee", "authorization")


def made(*rows: tuple[Any, ...], as_of: str = "2026-02-01", **options: Any) -> Ledger:
    """The ledger of rows that may leave out what stands at their end."""
    filled = [(*row, *[None] * (len(COLUMNS) - len(row))) for row in rows]
    table = {
        name: list(cells) for name, cells in zip(COLUMNS, zip(*filled, strict=True), strict=True)
    }
    return ledger(table, as_of, **options)


def only(found: Ledger, limit: str) -> Group:
    [group] = found[limit].groups
    return group


def h100(units: int, day: str = "2025-03-01", place: str = "IN", authorization: str = "") -> Any:
    return (day, "H100", units, place, "Acme", authorization)


@pytest.mark.parametrize(
    ("units", "within", "more"), [(1698, True, 1), (1699, True, 0), (1700, False, 0)]
)
def test_lpp(units: int, within: bool, more: int) -> None:
    """26,900,000 / 15,832 is 1,699.09."""
    group = only(made(h100(units)), "lpp")
    left = 26_900_000 - units * H100
    assert group.key == {"consignee": "Acme", "year": 2025}
    assert (group.used.low, group.used.high) == (units * H100, units * H100)
    assert group.within is within
    assert group.left == (left, left)
    assert [(each.id, count) for each, count in group.more] == [("h100-sxm", (more, more))]
    assert group.equivalents(Fraction(H100)) == (more, more)


def test_exactly_on_the_limit() -> None:
    chips = [tpp.Chip("half a limit", tops={"fp8": 1681250}), tpp.Chip("one", tops={"fp8": 600})]
    row = ("2025-03-01", "half a limit", 2, "IN", "Acme")
    group = only(made(row, chips=chips), "lpp")
    assert (group.used.low, group.within, group.left) == (26_900_000, True, (0, 0))
    more = made(row, ("2025-03-01", "one", 1, "IN", "Acme"), chips=chips)
    assert only(more, "lpp").within is False
    assert only(more, "lpp").left == (-4800, -4800)


def test_a_calendar_year_and_a_consignee_each_have_their_own() -> None:
    found = made(
        h100(1000, "2025-12-31"),
        h100(1001, "2026-01-01"),
        ("2025-12-31", "H100", 2, "IN", "Other"),
        ("2025-12-31", "H100", 3, "BR", " ACME "),
    )["lpp"]
    used = {tuple(g.key.values()): g.used.low / H100 for g in found.groups}
    assert used == {("Acme", 2025): 1003, ("Acme", 2026): 1001, ("Other", 2025): 2}


def test_years_before_the_rule_and_after_the_allocation() -> None:
    rows = [
        h100(1, "2024-12-31"),
        h100(2, "2025-01-01"),
        h100(4, "2027-12-31"),
        h100(8, "2028-01-01"),
    ]
    found = made(*rows, as_of="2028-06-01")
    assert only(found, "country-allocation").used.low == 6 * H100
    assert found["country-allocation"].left_out == {"before 2025": 1, "after 2027": 1}
    assert {g.key["year"]: g.used.low / H100 for g in found["lpp"].groups} == {
        2025: 2,
        2027: 4,
        2028: 8,
    }


@pytest.mark.parametrize(
    ("units", "within", "doubled"),
    [(49_898, True, True), (49_899, False, True), (99_797, False, True), (99_798, False, False)],
)
def test_allocation(units: int, within: bool, doubled: bool) -> None:
    """790,000,000 / 15,832 is 49,898.9."""
    found = made(h100(units, authorization="licence"))
    assert only(found, "country-allocation").within is within
    assert only(found, "country-allocation-doubled").within is doubled


@pytest.mark.parametrize(("units", "within"), [(319_858, True), (319_859, False)])
def test_nveu(units: int, within: bool) -> None:
    """5,064,000,000 / 15,832 is 319,858.5; another country is another allocation."""
    found = made(
        h100(units, authorization="NVEU"), h100(5, place="BR", authorization="National VEU")
    )
    first, second = found["nveu"].groups
    assert (first.key, first.within) == ({"consignee": "Acme", "country": "IN"}, within)
    assert (second.key, second.used.low) == ({"consignee": "Acme", "country": "BR"}, 5 * H100)
    assert not found["lpp"].groups


def test_what_is_said_to_be_under_one_authorization_uses_no_other_up() -> None:
    words = ["LPP", "License Exception LPP", "NVEU", "UVEU", "country allocation", "license", "AIA"]
    found = made(*(h100(10**i, authorization=word) for i, word in enumerate(words)))
    assert only(found, "lpp").used.low == 11 * H100
    assert only(found, "nveu").used.low == 100 * H100
    assert only(found, "country-allocation").used.low == 110_000 * H100
    assert found.not_said == 0
    assert found["country-allocation"].left_out == {"another authorization": 5}


def test_no_authorization_counts_everywhere() -> None:
    found = made(h100(3), h100(4, authorization="by hand"))
    for limit in ("lpp", "country-allocation", "country-allocation-doubled", "nveu", "uveu"):
        assert only(found, limit).used.low == 7 * H100
        assert only(found, limit).not_said == 2
    assert (found.not_said, found.strange) == (2, ("by hand",))


def test_h20_is_no_a_item() -> None:
    found = made(("2025-03-01", "H20", 10, "IN", "Acme"), ("2025-03-01", "H20", 10, "CN", "Beta"))
    assert not found["lpp"].groups
    assert not found["country-allocation"].groups
    assert found["lpp"].left_out == {"destination not reached": 1, "no 3A090.a item": 1}
    assert only(found, "within-half").used.low == 10 * 2368


def test_destinations_that_a_limit_does_not_reach() -> None:
    found = made(*(h100(1, place=place) for place in ("CN", "MO", "RU", "US", "FR", "IN", "PL")))
    assert {g.key["country"] for g in found["country-allocation"].groups} == {"IN", "PL"}
    assert {g.key["country"] for g in found["nveu"].groups} == {"FR", "IN", "PL"}
    assert found["lpp"].left_out == {"destination not reached": 4}


@pytest.mark.parametrize(
    ("china", "macau", "us", "within", "more"),
    [(30, 20, 100, True, 0), (30, 21, 100, False, 0), (30, 19, 100, True, 1), (0, 0, 3, True, 1)],
)
def test_half_of_the_us_volume(china: int, macau: int, us: int, within: bool, more: int) -> None:
    shipped = {"HK": china, "MO": macau, "US": us, "IN": 1000}
    rows = [("2020-05-05", "H20", n, place, "Acme") for place, n in shipped.items() if n]
    group = only(made(*rows), "us-748-volume-cap/within-half")
    assert group.key == {"product": "h20-96"}
    assert group.used.low == (china + macau) * 2368
    assert group.us is not None
    assert group.us.low == us * 2368
    assert group.within is within
    [(_, count)] = group.more
    assert count == (more, more)
    left = Fraction(us, 2) - china - macau
    assert group.left == (left * 2368, left * 2368)


def test_each_product_has_its_own_half() -> None:
    found = made(
        ("2026-01-20", "H200", 50, "CN", "Acme"),
        ("2026-01-20", "h200-sxm", 100, "US", "Beta"),
        ("2026-01-20", "H20", 1, "CN", "Acme"),
    )["within-half"]
    verdicts = {group.key["product"]: group.within for group in found.groups}
    # The ratio to nothing does not apply.
    assert verdicts == {"h200-sxm": True, "h20-96": None}


def test_of_a_product_of_unknown_tpp_the_ratio_is_still_known() -> None:
    chip = tpp.Chip("rumour", tops={"fp8": (400, 900)}, datacenter=True, die_area_mm2=800)
    rows = [("2026-01-20", "rumour", n, place, "Acme") for place, n in (("CN", 50), ("US", 100))]
    group = only(made(*rows, chips=[chip]), "within-half")
    assert (group.within, group.left) == (True, (0, 0))
    assert (group.used.low, group.used.high) == (50 * 3200, 50 * 7200)


def uveu(*shipped: tuple[str, int], headquarters: str | None = None) -> Ledger:
    count = len(shipped)
    return ledger(
        {
            "date": ["2025-06-01"] * count,
            "product": ["H100"] * count,
            "units": [n for _, n in shipped],
            "destination": [place for place, _ in shipped],
            "consignee": ["Acme"] * count,
            "authorization": ["UVEU"] * count,
            "headquarters": [headquarters] * count,
        },
        "2026-02-01",
    )


@pytest.mark.parametrize(
    ("shipped", "shares", "general", "american"),
    [
        (
            (("US", 50), ("DE", 25), ("IN", 7), ("BR", 7), ("PL", 7), ("AE", 4)),
            ("3/4", "7/100", "1/2"),
            True,
            True,
        ),
        (
            (("US", 49), ("DE", 26), ("IN", 7), ("BR", 7), ("PL", 7), ("AE", 4)),
            ("3/4", "7/100", "49/100"),
            True,
            False,
        ),
        (
            (("US", 50), ("DE", 26), ("IN", 8), ("BR", 6), ("PL", 6), ("AE", 4)),
            ("19/25", "2/25", "1/2"),
            False,
            False,
        ),
        (
            (("US", 50), ("DE", 24), ("IN", 7), ("BR", 7), ("PL", 7), ("AE", 5)),
            ("37/50", "7/100", "1/2"),
            False,
            False,
        ),
    ],
)
def test_shares_of_a_universal_veu(
    shipped: Any, shares: Any, general: bool, american: bool
) -> None:
    found = uveu(*shipped)
    group = only(found, "uveu-us")
    aia, other, us = map(Fraction, shares)
    assert {name: each.low for name, each in group.shares.items()} == {
        "share_aia": aia,
        "share_largest_other": other,
        "share_us": us,
    }
    assert (only(found, "uveu").within, group.within) == (general, american)
    assert group.left is None


def test_headquarters_elsewhere_are_under_the_general_shares_alone() -> None:
    assert not uveu(("DE", 5), headquarters="France")["uveu-us"].groups
    assert only(uveu(("DE", 5), headquarters="us"), "uveu-us").within is False
    assert only(uveu(("DE", 5), headquarters="FR"), "uveu").within is True


def test_a_chip_that_may_be_an_a_item_gives_a_range() -> None:
    chip = tpp.Chip("rumour", tops={"fp8": (400, 900)}, datacenter=True, die_area_mm2=8000)
    found = made(("2025-03-01", "rumour", 10, "IN", "Acme"), h100(1690), chips=[chip])
    group = only(found, "lpp")
    assert (group.used.low, group.used.high) == (1690 * H100, 1690 * H100 + 10 * 7200)
    assert group.within is True
    found = made(("2025-03-01", "rumour", 100, "IN", "Acme"), h100(1690), chips=[chip])
    assert only(found, "lpp").within is None
    [rumour, _] = [count for _, count in only(found, "lpp").more]
    assert rumour == (0, (26_900_000 - 1690 * H100) // 3200)


def test_a_system_is_the_sum_of_its_accelerators() -> None:
    group = only(made(("2025-03-01", "DGX H100", 3, "IN", "Acme")), "lpp")
    assert group.used.low == 3 * 8 * H100
    assert [(each.id, count[0]) for each, count in group.more] == [
        ("dgx-h100", (26_900_000 // H100 - 24) // 8)
    ]


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        ("2025-01-13", "in force"),
        ("2025-05-12", "in force"),
        ("2025-05-13", "codified, not enforced"),
    ],
)
def test_status_on_a_date(as_of: str, status: str) -> None:
    found = made(h100(1, "2025-01-13"), as_of=as_of)
    paragraph = found["lpp"].limit.paragraph
    assert (paragraph.status, paragraph.confidence) == (status, "P")
    assert paragraph.citation == "90 FR 4544; 15 CFR 740.29"


def test_a_rule_that_is_not_in_force_is_named_with_its_dates() -> None:
    found = made(h100(1), as_of="2026-01-14")
    assert found.not_in_force == {"us-748-volume-cap/within-half": "2026-01-15 to open"}
    assert "not in force on 2026-01-14" in str(found)
    assert not made(h100(1), as_of="2026-01-15").not_in_force
    assert len(made(h100(1), as_of="2024-06-01").not_in_force) == 7


def test_limits_by_name() -> None:
    def ids(*only: str) -> list[str]:
        found: tuple[Account, ...] = made(h100(1), limit=only).accounts
        return [each.limit.id for each in found]

    assert ids("lpp", "us-diffusion/nveu") == ["us-diffusion/lpp", "us-diffusion/nveu"]
    assert ids("us-748-volume-cap") == ["us-748-volume-cap/within-half"]
    with pytest.raises(tpp.UnknownName, match=r"no limit 'lp'; expected one of us-diffusion/lpp"):
        ids("lp")


def test_readings_change_the_tpp() -> None:
    chip = tpp.Chip("tf32 only", tops={"tf32": 200}, datacenter=False)
    rows = [("2025-03-01", "tf32 only", 10, "IN", "Acme")]
    assert only(made(*rows, chips=[chip]), "lpp").used.low == 10 * 6400
    assert not made(*rows, chips=[chip], readings={"tf32_width": "19"})["lpp"].groups


def test_sums_beyond_64_bits_are_exact() -> None:
    chip = tpp.Chip("odd", tops={"fp8": "1979.0000001"})
    units = 2**62 - 1
    found = made(
        ("2025-03-01", "odd", units, "IN", "Acme"),
        ("2025-03-02", "odd", 3, "IN", "Acme"),
        chips=[chip],
    )
    assert only(found, "lpp").used.low == (units + 3) * 8 * Fraction("1979.0000001")
    with pytest.raises(tpp.TppError, match=r"units: more than 9223372036854775807 in all"):
        made(h100(2**62), h100(2**62))
