"""The tables that say how the units of a run lie to each other."""

from atlas.run.columns import LAYER, PLACE, RELATE, UNIT, UNIT_KEY, Column, Table

OUTPUT = "output"
"""What stands for a layer where the other is a class that the network tells."""

OTHER_LAYER = Column("other_layer", "text", "layer of the other unit")
OTHER_UNIT = Column("other_unit", "whole", "number of the other unit", 0)

RELATION_TABLES = {
    "relatives": Table(
        "one of the units whose responses to the same images correlate most with a unit's own",
        RELATE,
        (
            LAYER,
            UNIT,
            Column("kind", "text", "same layer, the one before, the one after, or any"),
            Column("place", "whole", "1 is the most alike", 1),
            OTHER_LAYER,
            OTHER_UNIT,
            Column("correlation", "number", "of the responses to the same images", -1, 1),
        ),
        (*UNIT_KEY, "kind", "place"),
    ),
    "alignment": Table(
        "a pair of layers",
        RELATE,
        (
            LAYER,
            Column("other_layer", "text", "the other layer, the same or a deeper one"),
            Column("cka", "number", "centered kernel alignment, unbiased; about 0 by chance"),
        ),
        (LAYER.name, "other_layer"),
        gaps=True,
    ),
    "layout": Table(
        "a unit's place on the wall and on the map",
        RELATE,
        (
            Column("of", "text", "pictured: among the units with a picture; all: among all"),
            LAYER,
            UNIT,
            Column("height", "number", "place in its layer by likeness, on the wall", 0, 1),
            Column("x", "number", "on the map, from the left", 0, 1),
            Column("y", "number", "on the map, from the top", 0, 1),
        ),
        ("of", *UNIT_KEY),
    ),
    "connections": Table(
        "what a unit reads from, what it feeds, or a class that it argues for or against",
        RELATE,
        (
            LAYER,
            UNIT,
            Column("source", "text", "measured on the strongest images, or on its own picture"),
            Column("size", "whole", "side in pixels of the picture; 0 for images", 0),
            Column("kind", "text", "reads: from the layer before; feeds: the next; argues"),
            Column("place", "whole", "1 is the largest, whatever its sign", 1),
            Column("other_layer", "text", "layer of the other unit; output for a class"),
            Column("other_unit", "whole", "number of the other unit, or of the class", 0),
            Column("contribution", "number", "activation times gradient, over all positions"),
            Column("share", "number", "of the unit's response; of the class's logit none"),
        ),
        (*UNIT_KEY, "source", "kind", "place"),
        gaps=True,
    ),
    "labels": Table(
        "a class of images, or a family of stimuli, that a unit tells from all others",
        RELATE,
        (
            LAYER,
            UNIT,
            Column("kind", "text", "class: of the probe images; family: of the stimuli"),
            Column("place", "whole", "1 is the best on the images by which it was chosen", 1),
            Column("label", "text", "name of the class or the family"),
            Column("auc", "number", "area under the curve on the held-out images", 0, 1),
            Column("images", "whole", "held-out images of the class", 1),
        ),
        (*UNIT_KEY, "kind", "place"),
    ),
    "regions": Table(
        "where in one of its strongest images a unit is active",
        RELATE,
        (
            LAYER,
            UNIT,
            PLACE,
            Column("area", "number", "part of the image in which the map is high", 0, 1),
            Column("outline", "text", "of that region: an SVG path, in thousandths of the image"),
        ),
        (*UNIT_KEY, "place"),
    ),
}
