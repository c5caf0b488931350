"""Destinations as people write them: codes of ISO 3166, and the names in specs/countries.toml."""

from __future__ import annotations

from functools import lru_cache

from tppcore.rules.countries import ALIASES
from tppcore.rules.store import specs

_ISO_3166 = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA
    ZM ZW
"""
CODES = tuple(_ISO_3166.split())
"""ISO 3166-1 alpha-2, and XK, in common use for Kosovo."""

_OTHER_NAMES = {"hong kong": "HK", "united states of america": "US", "usa": "US"}


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    members = [each for group in specs().data["groups"] for each in group.get("member", ())]
    return {each["name"].casefold(): each["code"] for each in members} | _OTHER_NAMES


def place(text: str) -> int | None:
    """The place in CODES of a country, Hong Kong as China; None if nothing is called so."""
    code = text.upper() if len(text) == 2 else _names().get(" ".join(text.casefold().split()))
    code = ALIASES.get(code, code) if code else None
    return _INDEX.get(code) if code else None


_INDEX = {code: i for i, code in enumerate(CODES)}
UNITED_STATES = _INDEX["US"]
