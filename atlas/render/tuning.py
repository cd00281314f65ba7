"""How a unit answers to the built-in stimuli."""

from markupsafe import Markup

from atlas.render import charts
from atlas.render.channels import COLORS
from atlas.render.units import Unit

FAMILIES = "Family of stimuli"
"""What the chart of the families is about."""


def tuning_curves(unit: Unit, channels: int = COLORS) -> list[tuple[str, Markup]]:
    """The tuning curves: what each is about, and its chart.

    That of hue is left out for a network that sees no colors: all are gray to it.
    """
    axes: dict[str, dict[str, float]] = {}
    for condition, value in unit.tuning.items():
        axis, _, key = condition.partition(":")
        axes.setdefault(axis, {})[key] = value

    def numeric(axis: str) -> dict[float, float]:
        return {float(key): value for key, value in axes[axis].items()}

    name = f"unit {unit.number} of {unit.layer.name}"
    found = []
    if "orientation" in axes:
        label = f"Response of {name} to the orientation of gratings"
        found.append(
            ("Orientation of gratings", charts.tuning_line(numeric("orientation"), label, "°"))
        )
    if "frequency" in axes:
        label = f"Response of {name} to the spatial frequency of gratings"
        chart = charts.tuning_line(numeric("frequency"), label, "", log=True)
        found.append(("Spatial frequency, cycles per image", chart))
    if "hue" in axes and channels == COLORS:
        label = f"Response of {name} to the hue of color fields"
        found.append(("Hue of color fields", charts.tuning_hue(numeric("hue"), label)))
    if "family" in axes:
        label = f"Response of {name} to the families of stimuli"
        found.append((FAMILIES, charts.tuning_families(axes["family"], label)))
    return found
