"""A run in which every name from outside is made to break the page that shows it."""

from pathlib import Path

import pandas as pd
from support.run_fixture import make_run

from atlas.run.folder import Run

NAMES = [
    "<script>hit()</script>.jpg",
    "</script><script>hit()</script>",
    '"><img src=x onerror=hit()>.png',
    "'><svg onload=hit()>",
    "' onmouseover='hit()' autofocus onfocus='hit()",
    '" style="position:fixed" onclick="hit()',
    "javascript:hit()",
    "data:text/html,<script>hit()</script>",
    "//example.org/x.jpg",
    "<!-- ",
    "--><script>hit()</script>",
    "]]><b>",
    "<style>*{display:none}</style>",
    "</title></textarea></noscript><script>hit()</script>",
    "&lt;b&gt; &amp; &#60; &nbsp",
    "{{ 7 * 7 }}{% raw %}",
    "a, b; c | d\\",
    "%2e%2e%2f%00 #?&=+",
    "=HYPERLINK(0)",
    "007",
    "1e5",
    "NA",
    "true",
    "`${hit()}`",
    "$(touch hit) && hit",
    "x" * 255,
    "ünï çødé 名前 🜂",
]
"""Names of files as a user may have them."""

LAYERS = [
    {"name": "<img src=x onerror=hit()>", "stride": 2, "receptive_field": 7, "height": 112,
     "branches": []},
    {"name": "</script><script>hit()</script>", "stride": 16, "receptive_field": 107,
     "height": 14},
    {"name": "javascript:hit(\"1\",'2')", "stride": None, "receptive_field": None, "height": 1,
     "branches": [], "rectified": False},
]  # fmt: skip


def make_hostile_run(path: Path) -> Run:
    """Write a run with such names of files, layers, branches, network, weights and probe set."""
    branches = [{"name": name, "first": 3 * i, "units": 3} for i, name in enumerate(NAMES[:4])]
    layers = [{"branches": branches} | layer for layer in LAYERS]
    run = make_run(path, photographs=NAMES, layers=layers, notice=NAMES[0], pictured=1)
    strongest = run.table("strongest")
    # The first unit of each layer has a page, with nine images; together these are all of them.
    first = strongest["unit"].to_numpy() == 0
    strongest.loc[first, "image"] = NAMES
    run.write_table("strongest", strongest)
    settings, network = run.read_json("run"), run.read_json("network")
    settings["weights"]["name"] = NAMES[2]
    settings["asked"]["weights"] = f"/home/somebody/{NAMES[4]}"
    settings["probe"]["name"] = NAMES[1]
    settings["asked"]["probe"] = f"/home/somebody/{NAMES[24]}"
    settings["warnings"] = NAMES[:8]
    settings["versions"][NAMES[3]] = NAMES[5]
    network["network"] = NAMES[0]
    run.write_json("run", settings)
    run.write_json("network", network)
    skipped = [(name, f"damaged: {NAMES[i - 1]}") for i, name in enumerate(NAMES)]
    run.write_table("skipped", pd.DataFrame(skipped, columns=["file", "reason"]))
    return run
