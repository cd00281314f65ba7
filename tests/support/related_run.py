"""Writes into a run, made without a network, how its units lie to each other."""

from typing import Any

import pandas as pd

from atlas.run.folder import Run

OUTLINE = "M100,200 700,200 700,900 100,900z"

Rows = list[dict[str, Any]]


def write_relations(run: Run, layers: Rows, pictured: int, images: list[str]) -> None:
    """Relatives, connections, alignment, regions, weakest images and clarity of pictured units."""
    relatives: Rows = []
    connections: Rows = []
    regions: Rows = []
    for depth, layer in enumerate(layers):
        around = {"before": depth - 1, "same": depth, "after": depth + 1, "any": 0}
        for unit in range(min(pictured, layer["units"])):
            key = {"layer": layer["name"], "unit": unit}
            for kind, other in around.items():
                if 0 <= other < len(layers):
                    relatives += [
                        {**key, "kind": kind, "place": place, "other_layer": layers[other]["name"],
                         "other_unit": (unit + place) % layers[other]["units"],
                         "correlation": 1 - place / 16}
                        for place in range(1, min(12, layers[other]["units"] - 1) + 1)
                    ]  # fmt: skip
            for kind, other in (("reads", depth - 1), ("feeds", depth + 1), ("argues", None)):
                if other is not None and not 0 <= other < len(layers):
                    continue
                connections += [
                    {**key, "source": "images", "size": 0, "kind": kind, "place": place,
                     "other_layer": "output" if other is None else layers[other]["name"],
                     "other_unit": place - 1, "contribution": (5 - place) * (-1) ** place,
                     "share": None if other is None else (5 - place) * (-1) ** place / 10}
                    for place in range(1, 4)
                ]  # fmt: skip
            regions += [
                {**key, "place": place, "area": 0.42, "outline": OUTLINE}
                for place in range(1, min(9, len(images)) + 1)
            ]
    weakest = [
        {"layer": layer["name"], "unit": unit, "place": place, "image": image, "mean": place - 10.5}
        for layer in layers
        if not layer["rectified"]
        for unit in range(layer["units"])
        for place, image in enumerate(images[:9], 1)
    ]
    names = [layer["name"] for layer in layers]
    alignment = [
        {"layer": name, "other_layer": other, "cka": 1 - 0.2 * further}
        for depth, name in enumerate(names)
        for further, other in enumerate(names[depth:])
    ]
    clarity = [
        {"layer": layer["name"], "unit": unit, "clarity": 0.25, "within": 0.5,
         "polysemanticity": 1.125, "second": "2 4 9"}
        for layer in layers
        for unit in range(min(pictured, layer["units"]))
    ]  # fmt: skip
    run.write_table("clarity", pd.DataFrame(clarity))
    run.write_table("relatives", pd.DataFrame(relatives))
    run.write_table("connections", pd.DataFrame(connections))
    run.write_table("regions", pd.DataFrame(regions))
    run.write_table("alignment", pd.DataFrame(alignment))
    columns = ["layer", "unit", "place", "image", "mean"]
    run.write_table("weakest", pd.DataFrame(weakest, columns=columns))
