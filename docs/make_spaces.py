"""Writes the table of docs/spaces.md that answers the question of the published space.

python docs/make_spaces.py
"""

from __future__ import annotations

from pathlib import Path

import tppcore as tpp

DOCS = Path(__file__).parent
PAGE = DOCS / "spaces.md"
MARK, END = "<!-- isca -->\n", "<!-- end -->\n"
SPACES = ("isca-2025", "reticle")
CONDITIONS = {
    "TPP < 4800": {"tpp < 4800": True},
    "not controlled by 3A090": {"us-3a090/controlled": False},
    "TPP < 2400 and performance density < 1.6": {
        "tpp < 2400": True,
        "performance_density < 1.6": True,
    },
}


def rows() -> list[list[str]]:
    """For each space and condition: designs with the most bandwidth, and the most TPP of those."""
    rules = tpp.rulebook("2026-02-01", rules=["us-3a090"])
    found = []
    for name in SPACES:
        space = tpp.Space.from_toml(DOCS.parent / "specs" / "spaces" / f"{name}.toml")
        for title, condition in CONDITIONS.items():
            within = {**condition, "die_area_mm2 <= 860": True}
            best = space.best(maximize="dram_gb_s", subject_to=within, limit=1, rules=rules)
            most = space.frontier(["dram_gb_s", "tpp"], subject_to=within, rules=rules)[0]
            figures = most.designs[0].quantities
            area, links = figures["die_area_mm2"].low, figures["interconnect_gb_s"].low
            found.append(
                [
                    name,
                    title,
                    f"{float(best.values['dram_gb_s']):,.0f}",
                    f"{best.ties:,}",
                    f"{float(most.values['tpp']):.8g}",
                    f"{float(area):.6g} mm2, {float(links):.0f} GB/s of links",
                ]
            )
    return found


def page(text: str) -> str:
    """The page with its table made anew."""
    heading = [
        "space",
        "condition",
        "GB/s",
        "designs with it",
        "most TPP of those",
        "one such design",
    ]
    lines = [heading, ["---"] * len(heading), *rows()]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    before, _, rest = text.partition(MARK)
    after = rest.partition(END)[2] if END in rest else ""
    return f"{before}{MARK}\n{table}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
