"""The network as a drawing: its modules in a row, each as high as it has channels."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from atlas.render.svg import element, image, text
from atlas.run.network_schema import BranchDescription, NodeDescription

PITCH = 66
BLOCK = 30
"""From one module to the next, and how wide a module is drawn."""

FEWEST = 14
"""Modules that the drawing has room for at least: fewer are not drawn larger."""

TALLEST = 190
TOP = 20
FOOT = 64


def draw(graph: Sequence[NodeDescription], links: Mapping[str, tuple[str, str]]) -> Markup:
    """Draw a chain of modules; ``links`` gives address and short name of those with a page.

    The height of a module is its number of channels, to scale, that of a concatenation divided
    among its branches; bands between modules carry their channels on. Below stand the name and
    the side of the map in positions.
    """
    most = max((module.units for module in graph), default=1)
    width, height = PITCH * max(len(graph), FEWEST) + 8, TOP + TALLEST + FOOT
    middle = TOP + TALLEST / 2
    parts: list[Markup] = []
    before: tuple[float, float] | None = None
    for index, module in enumerate(graph):
        x = 4 + index * PITCH + (PITCH - BLOCK) / 2
        tall = max(TALLEST * module.units / most, 4)
        if before:
            x0, half0 = before
            half = tall / 2
            d = (
                f"M{x0:.1f} {middle - half0:.1f}L{x:.1f} {middle - half:.1f}"
                f"V{middle + half:.1f}L{x0:.1f} {middle + half0:.1f}z"
            )
            parts.insert(0, element("path", d=d, class_="band"))
        before = (x + BLOCK, tall / 2)
        parts.append(_module(module, x, middle - tall / 2, tall, links.get(module.name)))
    label = f"The network: {len(graph)} modules from left to right, as high as they have channels"
    # Its parts are links, so it is no single image to assistive technology.
    return image(width, height, label, *parts, class_="network", role="group")


def _module(
    module: NodeDescription, x: float, y: float, tall: float, link: tuple[str, str] | None
) -> Markup:
    branches = module.branches or [BranchDescription("", 0, module.units)]
    parts, top = [], y
    for index, branch in enumerate(branches):
        part = tall * branch.units / module.units
        kind = f"branch{index % 4 + 1}" if module.branches else "plain"
        gap = 1.5 if len(branches) > 1 and part > 4 else 0
        parts.append(
            element(
                "rect", x=x, y=top, width=BLOCK, height=max(part - gap, 1.0), rx=1.5, class_=kind
            )
        )
        top += part
    center, foot = x + BLOCK / 2, TOP + TALLEST + 18
    name = link[1] if link else module.name
    parts.append(
        text(
            center, foot, name if len(name) <= 10 else name[:9] + "…", "name", text_anchor="middle"
        )
    )
    parts.append(text(center, foot + 15, module.units, "tick", text_anchor="middle"))
    size = f"{module.size}²"
    parts.append(text(center, foot + 30, size, "tick", text_anchor="middle"))
    title = f"{module.name}: {module.kind}, {module.units} units, {size} positions"
    if module.branches:
        title += "; " + ", ".join(f"{b.name} {b.units}" for b in module.branches)
    if link is None:
        return element("g", Markup("").join([element("title", title), *parts]), class_="module off")
    hit = element(
        "rect", x=x - 14, y=TOP - 8, width=BLOCK + 28, height=TALLEST + FOOT - 4, class_="hit"
    )
    inner = Markup("").join([element("title", title), hit, *parts])
    return element("a", inner, href=link[0], class_="module")
