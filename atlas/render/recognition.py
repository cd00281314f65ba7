"""How often one can tell from its picture what a unit responds to: the first of the findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from markupsafe import Markup

from atlas.examine.intervals import Range, estimate
from atlas.recipe import PHOTOGRAPH, PHOTOGRAPHS
from atlas.render.catalog import Catalog
from atlas.render.charts import Scale
from atlas.render.evidence import NOT_MEASURED, no_judge
from atlas.render.figures import Looks, Measure, measures
from atlas.render.headlined import described, headlined
from atlas.render.method import listed
from atlas.render.picture import Picture
from atlas.render.svg import element, image, line, text
from atlas.render.units import Layer, Unit

CHANCE = 50.0
"""Of two photographs, guessing picks the right one in half of the cases."""

TOLD = 70.0
"""In percent. A judge that is right less often with the strongest photographs of a layer's units is
little better than guessing, and cannot tell these units apart whatever it is shown."""

REFERENCES = {"one": PHOTOGRAPH, "reference": PHOTOGRAPHS}
"""What stands in for pictures, by the kind of its bar: from the fewest to the most."""

WIDTH, BAR, ROW = 340, 16, 46
"""Of the chart, which a phone shows at full size; height of a bar, and from one to the next."""


@dataclass(frozen=True)
class Score:
    """How often the judge was right, in percent, and by what; ``kind`` picks the color."""

    name: str
    range: Range
    kind: str


@dataclass(frozen=True)
class Example:
    """A unit with its pictures by each recipe, and a photograph that may be shown, if any.

    ``captions`` say of each picture, by recipe, how often the judge was right with it.
    """

    unit: Unit
    pictures: list[tuple[str, Picture]]
    photograph: str | None
    captions: Mapping[str, str]


@dataclass(frozen=True)
class Recognition:
    """Three sentences, a chart and a unit; the chart is empty where nothing was judged."""

    sentences: list[str]
    caption: str
    chart: Markup
    example: Example | None


def recognition(catalog: Catalog, looks: Looks, shown: Mapping[str, str]) -> Recognition:
    """What a picture tells of its unit, over the layers that are headlined.

    ``shown`` are the files of probe images that may be shown, by name.
    """
    identification = measures(catalog)[0]
    layers = [layer for layer in headlined(catalog.layers) if layer.pictured]
    recipes = [r for r in catalog.along_depth if any(r in layer.recipes for layer in layers)]
    units = _judged(layers, recipes, identification, looks)
    if not units:
        why = no_judge(catalog) if "identified" in catalog.measured else NOT_MEASURED
        question = "How often can one tell from its picture what a unit responds to?"
        example = _example(catalog, _pictured(layers, recipes), recipes, shown, {})
        return Recognition([f"{question} {why}"], "", Markup(""), example)
    by_recipe = {
        recipe: {unit.name: identification.value(unit, recipe, looks) or 0.0 for unit in units}
        for recipe in recipes
    }
    scores = [Score("guessing", Range(CHANCE), "chance")]
    # From the fewest to the most: the order that the sentences take, too.
    scores += sorted(
        (
            Score(recipe, estimate(list(right.values())), f"series{kind % 8 + 1}")
            for kind, (recipe, right) in enumerate(by_recipe.items())
        ),
        key=lambda score: score.range.middle or 0.0,
    )
    for kind, name in REFERENCES.items():
        if right := [100 * unit.identified[name] for unit in units if name in unit.identified]:
            scores.append(Score(catalog.probe_word, estimate(right), kind))
    return Recognition(
        _sentences(catalog, scores),
        f"Over the {len(units)} units of {described(layers)} that have a picture by "
        f"{'each recipe' if len(recipes) > 1 else listed(recipes)}.",
        _bars(scores),
        _example(catalog, _told(units) or units, recipes, shown, by_recipe),
    )


def _told(units: Sequence[Unit]) -> list[Unit]:
    """The units of layers whose photographs the judge can tell."""
    layers: dict[str, list[Unit]] = {}
    for unit in units:
        layers.setdefault(unit.layer.name, []).append(unit)
    return [
        unit
        for alike in layers.values()
        if fmean(100 * unit.identified.get(PHOTOGRAPHS, 0.0) for unit in alike) >= TOLD
        for unit in alike
    ]


def _judged(
    layers: Sequence[Layer], recipes: Sequence[str], measure: Measure, looks: Looks
) -> list[Unit]:
    """The units that were judged by every recipe."""
    return [
        unit
        for layer in layers
        for unit in layer.pictured
        if all(measure.value(unit, recipe, looks) is not None for recipe in recipes)
    ]


def _pictured(layers: Sequence[Layer], recipes: Sequence[str]) -> list[Unit]:
    """The units that have a good picture by every recipe, else all with pictures."""
    units = [unit for layer in layers for unit in layer.pictured]
    good = [
        unit
        for unit in units
        if all(any(p.status == "ok" for p in unit.by(recipe)[:1]) for recipe in recipes)
    ]
    return good or units


def _sentences(catalog: Catalog, scores: Sequence[Score]) -> list[str]:
    """Guessing, pictures, photographs."""
    images = catalog.probe_word
    pictures = [score for score in scores if score.kind.startswith("series")]
    told = listed([f"{_whole(score.range)} by {_recipe(score.name)}" for score in pictures])
    sentences = [
        f"Which of two {images} excites a unit? Whoever guesses is right in {CHANCE:.0f} of 100 "
        "cases.",
        f"Another network, which sees only the pictures of the unit, is right in {told}.",
    ]
    right = {score.kind: _whole(score.range) for score in scores}
    if "one" in right and "reference" in right:
        sentences.append(
            f"Shown the one of the {images} that excites the unit most, instead of a picture, it "
            f"is right in {right['one']}, and shown the nine that do, in {right['reference']}."
        )
    elif "reference" in right:  # of runs from before one alone was judged
        sentences.append(
            f"Shown the nine {images} that excite the unit most, instead of pictures, it is right "
            f"in {right['reference']}."
        )
    return sentences


def _recipe(name: str) -> str:
    return "the article's recipe" if name == "article" else name


def _whole(value: Range) -> str:
    return f"{value.middle or 0.0:.0f}"


def _bars(scores: Sequence[Score]) -> Markup:
    """A bar for each, from 0 to 100, with its interval and a line at chance."""
    x = Scale(0, 100, 0, WIDTH - 46)
    height = ROW * len(scores) + 2
    parts = []
    for place, score in enumerate(scores):
        top, value = ROW * place + 22, score.range.middle or 0.0
        interval = (
            f", {score.range.low:.0f} to {score.range.high:.0f}"
            if score.range.low is not None and score.range.high is not None
            else ""
        )
        title = element("title", f"{_label(score)}: {value:.1f} %{interval}")
        parts.append(text(0, top - 6, _label(score), "name"))
        bar = element("rect", title, x=0, y=top, width=x(value), height=BAR, class_="fill")
        drawn = [bar]
        if score.range.low is not None and score.range.high is not None:
            middle = top + BAR / 2
            low, high = x(score.range.low), x(score.range.high)
            ends = f"M{low:.1f} {middle - 4}v8m0-4H{high:.1f}m0-4v8"
            drawn += [element("path", d=ends, class_=name) for name in ("under", "whisker")]
        parts.append(element("g", Markup("").join(drawn), class_=score.kind))
        parts.append(line(x(CHANCE), top - 3, x(CHANCE), top + BAR + 3, "level"))
        end = max(x(value), x(score.range.high or 0.0))
        parts.append(text(round(end + 7, 1), top + 13, f"{value:.0f} %", "value"))
    said = ", ".join(f"{_label(score)} {_whole(score.range)} %" for score in scores)
    return image(WIDTH, height, f"How often right: {said}", *parts, class_="recognition")


def _label(score: Score) -> str:
    """What a bar is called."""
    if score.kind == "chance":
        return "Guessing"
    if score.kind == "reference":
        return f"With its nine strongest {score.name}"
    if score.kind == "one":
        return f"With the strongest of the {score.name}"
    return f"With pictures by {_recipe(score.name)}"


def _example(
    catalog: Catalog,
    units: Sequence[Unit],
    recipes: Sequence[str],
    shown: Mapping[str, str],
    right: Mapping[str, Mapping[str, float]],
) -> Example | None:
    """The unit with which the judge fared most as it did on average."""
    if not units:
        return None

    def apart(unit: Unit) -> float:
        return sum(abs(values[unit.name] - fmean(values.values())) for values in right.values())

    unit = min(units, key=apart)
    # In the order of the chart.
    order = sorted(recipes, key=lambda recipe: fmean(right[recipe].values()) if right else 0)
    pictures = [(recipe, unit.by(recipe)[0]) for recipe in order if unit.by(recipe)]
    photograph = next((shown[i.name] for i in unit.strongest if i.name in shown), None)
    captions = {recipe: f"{values[unit.name]:.0f}\u00a0%" for recipe, values in right.items()}
    if PHOTOGRAPHS in unit.identified and right:
        captions[PHOTOGRAPHS] = f"{100 * unit.identified[PHOTOGRAPHS]:.0f}\u00a0%"
    return Example(unit, pictures, photograph, captions)
