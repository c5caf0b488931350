import csv
import tomllib
from pathlib import Path

import pytest

from tppcore.errors import TppError, UnknownName
from tppcore.sources.names import CatalogueName, Resolution, catalogue_names, resolve

SPECS = Path(__file__).parents[2] / "specs"


def rows(name):
    with (SPECS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


TOML = tomllib.loads((SPECS / "names.toml").read_text("utf-8"))
NAMES = catalogue_names(rows("chips.csv"), rows("systems.csv"), TOML)
CHIPS = tuple(row for row in NAMES if row.kind == "chip")

SETTLED = {
    "h200-sxm": "h200-sxm",
    "H200-SXM": "h200-sxm",
    "h200 sxm": "h200-sxm",
    "H200SXM": "h200-sxm",
    "H200 NVL": "h200-nvl",
    "nvidia h100 pcie": "h100-pcie",
    "NVIDIA H100 NVL": "h100-nvl",
    "MI325X": "mi325x",
    "instinct mi325x": "mi325x",
    "AMD Instinct MI325X": "mi325x",
    "5090D": "rtx-5090d",
    "rtx5090d": "rtx-5090d",
    "RTX 5090 D": "rtx-5090d",
    "5090D V2": "rtx-5090d-v2",
    "RTX-4090": "rtx-4090",
    "4090": "rtx-4090",
    "GeForce RTX 4090": "rtx-4090",
    "4090D": "rtx-4090d",
    "NVIDIA GeForce RTX 4090 D": "rtx-4090d",
    "Cloud AI 100 Ultra": "qc-ai100-ultra",
    "tpu v4": "tpu-v4",
    "TPUv4": "tpu-v4",
    "Google TPU v5e": "tpu-v5e",
    "Ironwood": "tpu-v7",
    "Trainium2": "trainium2",
    "trainium 3": "trainium3",
    "Tesla V100 SXM2": "v100-sxm2",
    "Tesla T4": "t4",
    "L4": "l4",
    "L40": "l40",
    "L40S": "l40s",
    "Ascend 910B4": "ascend-910b4",
    "910b4": "ascend-910b4",
    "Atlas 300I Duo": "ascend-310p-duo",
    "MTT S4000": "mtt-s4000",
    "Moore Threads MTT S4000": "mtt-s4000",
    "Xeon 8592+": "xeon-8592plus",
    "Ponte Vecchio": "pvc-1550",
    "RTX PRO 6000D": "b40",
    "B30A": "b30a",
    "DGX H200": "dgx-h200",
    "HGX H20": "hgx-h20",
}


@pytest.mark.parametrize(("query", "row"), SETTLED.items())
def test_a_name_that_settles_it(query, row):
    assert resolve(query, NAMES).id == row


DEFAULTS = {
    "H200": "h200-sxm",
    "Nvidia H200": "h200-sxm",
    "A100": "a100-sxm-80",
    "B200": "b200-hgx",
    "H100": "h100-sxm",
    "H800": "h800-sxm",
    "H20": "h20-96",
    "V100": "v100-sxm2",
    "GB200": "gb200-gpu",
    "GB300": "gb300-gpu",
    "Gaudi 3": "gaudi3-oam",
    "gaudi3": "gaudi3-oam",
    "Ascend 910C": "ascend-910c",
    "910c": "ascend-910c",
    "CloudMatrix 384": "cm384-huawei",
    "cloudmatrix384": "cm384-huawei",
    "GB200 NVL72": "gb200-nvl72",
    "gb200nvl72": "gb200-nvl72",
}


@pytest.mark.parametrize(("query", "row"), DEFAULTS.items())
def test_a_bare_family_takes_its_default_and_says_so(query, row):
    found = resolve(query, NAMES)
    assert found.id == row
    assert found.took is not None
    assert row in found.took


def test_an_id_or_a_full_name_leaves_nothing_to_take():
    assert resolve("h200-sxm", NAMES) == Resolution("h200-sxm", None)
    assert resolve("H200 SXM5 141GB", NAMES).took is None
    assert resolve("MI325X", NAMES).took is None


def test_words_that_fit_one_row_only_say_which():
    assert resolve("h100 sxm5", NAMES) == Resolution("h100-sxm", "NVIDIA H100 SXM5 80GB (h100-sxm)")


@pytest.mark.parametrize(
    ("query", "candidates"),
    [
        ("910B", ["ascend-910b1", "ascend-910b2", "ascend-910b3", "ascend-910b4"]),
        ("Ascend 910B", ["ascend-910b1", "ascend-910b2", "ascend-910b3", "ascend-910b4"]),
        ("GH200", ["gh200-96", "gh200-144"]),
        ("Cloud AI 100", ["qc-ai100-std", "qc-ai100-ultra"]),
        ("Maia", ["maia-100", "maia-200"]),
    ],
)
def test_a_name_without_a_default_lists_the_candidates(query, candidates):
    with pytest.raises(UnknownName) as caught:
        resolve(query, NAMES)
    for candidate in candidates:
        assert candidate in str(caught.value)


@pytest.mark.parametrize(
    ("query", "near"),
    [("H8000", "h800"), ("H20 0", "h20-96"), ("MI325", "mi325x"), ("4090E", "rtx-4090"), ("", "")],
)
def test_an_unknown_name_shows_the_nearest(query, near):
    with pytest.raises(UnknownName, match="no chip or system is called") as caught:
        resolve(query, NAMES)
    assert near in str(caught.value)


@pytest.mark.parametrize("query", ["nvidia", "pcie"])
def test_a_word_of_many_rows_shows_some_of_them(query):
    with pytest.raises(UnknownName, match=r"fits \d+ rows.* and \d+ more"):
        resolve(query, NAMES)


def test_every_id_means_its_own_row():
    for row in NAMES:
        assert resolve(row.id, NAMES) == Resolution(row.id)


def test_every_full_name_means_its_own_row():
    for row in NAMES:
        assert resolve(row.full, NAMES).id == row.id


def test_chips_alone_never_give_a_system():
    with pytest.raises(UnknownName):
        resolve("CloudMatrix 384", CHIPS)


def test_a_default_needs_a_row():
    with pytest.raises(TppError, match="no chip or system has the id 'x'"):
        catalogue_names([], [], {"default": [{"names": ["X"], "id": "x", "reason": "none"}]})


def test_a_name_belongs_to_one_row():
    row = {"vendor": "V", "name": "N"}
    twice = [{"names": ["Z-1"], "id": "a"}, {"names": ["z 1"], "id": "b"}]
    with pytest.raises(TppError, match="given to a too"):
        catalogue_names([{"id": "a", **row}, {"id": "b", **row}], [], {"alias": twice})


def test_names_need_no_catalogue():
    assert resolve("z1", [CatalogueName("z-1", "V", "Z")]) == Resolution("z-1")
