"""The reference pages, made from the program: ``python docs/generate.py`` writes them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import cast

from msgspec import inspect

from atlas.cli import APPLICABLE, COMMANDS
from atlas.recipe import CHOICES, RECIPES, Recipe
from atlas.render import constants
from atlas.run import json_types, network_schema, schema
from atlas.run.columns import LARGEST, Column
from atlas.run.tables import TABLES
from atlas.settings import DEFAULTS, DESCRIPTIONS
from benchmarks.field import FIELD

FOLDER = Path(__file__).parent
MADE = "<!-- Made by docs/generate.py. -->\n\n"


def commands() -> str:
    """Every command and every setting."""
    rows = []
    for name, known in DESCRIPTIONS.items():
        option = f"`--{name.replace('_', '-')}`" if known.option else "in the file alone"
        of = [command for command, names in APPLICABLE.items() if name in names]
        value = f"`{known.value}`" if known.value else "yes or no"
        rows.append([f"`{name}`", option, value, _default(name), known.purpose, ", ".join(of)])
    head = ["setting", "option", "value", "default", "what it does", "commands"]
    return "".join(
        [
            f"# Commands and settings\n\n{MADE}",
            "`atlas COMMAND`, or `python -m atlas COMMAND`. The command line wins over\n"
            "`atlas.toml`, and that over the defaults.\n\n",
            _table(["command", "does"], [[f"`{k}`", v] for k, v in COMMANDS.items()]),
            "\nBesides the settings below, every command takes `--config FILE`, `serve` takes\n"
            "`--port N`, and `compare` the folders of two runs or more. With make a setting is a\n"
            "variable of its name: `make atlas TOP=20`.\n\n",
            _table(head, rows),
            "\nExit codes: 0 done; 1 failed, with one line that says why and what to do; 2 wrong\n"
            "usage; 130 interrupted, and what was finished is kept.\n",
        ]
    )


def recipes() -> str:
    """Every constant of the recipes."""
    names = list(RECIPES)
    rows = []
    for constant in fields(Recipe):
        values = [f"`{getattr(RECIPES[name], constant.name)}`" for name in names]
        choices = CHOICES.get(constant.name)
        meaning = constants.MEANINGS[constant.name] + (
            f" ({', '.join(choices)})" if choices else ""
        )
        rows.append([f"`{constant.name}`", *values, meaning])
    return (
        f"# Recipes\n\n{MADE}"
        "A recipe is every constant of the maximization. One of your own is a table in\n"
        "`atlas.toml`, `[recipes.NAME]`, with a `base` and the constants that differ from it.\n\n"
        + _table(["constant", *(f"`{name}`" for name in names), "meaning"], rows)
        + "\n## Recipes of the field\n\n"
        "Others' recipes, and an earlier `clear`, made of these constants. What has no place on\n"
        "a ladder of sizes runs at one size. `python -m benchmarks.ablation RUN` measures them\n"
        "beside the built-in ones; [what came of it](recipes-measured.md).\n"
        + "".join(
            f"\n### {name}\n\n{published.source}\n\n"
            + (f"Not as there: {published.differs}\n\n" if published.differs else "")
            + f"```toml\n{constants.table(name, asdict(published.recipe))}\n```\n"
            for name, published in FIELD.items()
        )
    )


def run_folder() -> str:
    """Every file of a run."""
    parts = [
        f"# The run folder\n\n{MADE}",
        "Everything a build computed, as files that are whole or not there. `digests.json` has\n"
        "the SHA-256 of the others, `timings.json` the seconds that each stage took. Pictures\n"
        "are in `units/RECIPE/LAYER/UNIT.png`, their growth in `UNIT.stages.png`, contact sheets\n"
        "in `sheets/RECIPE/LAYER.png`, and the judge's features of the images in `judge.npy`. A\n"
        "picture of more than three channels shows the first three there, and has all of them in\n"
        "`UNIT.channels.npy`, as HxWxC bytes.\n"
        "`units/clear/LAYER/tiles/FIRST-LAST.npz` has the small pictures of consecutive units:\n"
        "`units`, `pixels` (8-bit RGB, 100 x 100), `statuses`, `activations` (the last RMS), and\n"
        "the constants they were made with. `growing/` has pictures between two rounds, as exact\n"
        "as the optimizer left them; it is gone when they are finished.\n",
    ]
    for name, table in TABLES.items():
        rows = [[f"`{c.name}`", _column(c), c.meaning] for c in table.columns]
        if table.others:
            rows.append(["*others*", "", table.others])
        parts.append(f"\n## {name}.csv\n\nA row is {table.purpose}. Made by `{table.command}`.\n\n")
        parts.append(_table(["column", "values", "meaning"], rows))
    for kind in (
        schema.RunSettings,
        network_schema.NetworkDescription,
        schema.PlanFile,
        schema.Record,
        schema.Relations,
    ):
        title, _, rest = (kind.__doc__ or "").strip().partition(": ")
        parts.append(f"\n## {title.strip('`')}\n\n{rest[0].upper()}{rest[1:]}\n\n")
        described = cast(inspect.StructType, inspect.type_info(kind))
        parts.append(_table(["key", "values", "meaning"], _keys(described)))
    return "".join(parts)


def _column(column: Column) -> str:
    """What the values of a column are."""
    if column.kind == "text":
        return "text"
    least = None if column.least == -LARGEST else column.least
    most = None if column.most == LARGEST else column.most
    return _range("whole number" if column.kind == "whole" else "number", least, most)


def _range(kind: str, least: float | None, most: float | None) -> str:
    """A kind of number, from where to where."""
    if least is None:
        return kind
    return f"{kind} from {least}" + ("" if most in (None, json_types.MOST) else f" to {most}")


def _keys(kind: inspect.StructType, above: str = "") -> list[list[str]]:
    """A row for every key of an object, and of the objects in it."""
    rows = []
    for field in kind.fields:
        known, description = _described(field.type)
        several = isinstance(known, inspect.ListType)
        inner = known.item_type if several else known
        if isinstance(inner, inspect.StructType):
            rows += _keys(inner, f"{above}{field.name}{'[]' if several else ''}.")
        else:
            rows.append([f"`{above}{field.name}`", _values(known), description])
    return rows


def _described(kind: inspect.Type) -> tuple[inspect.Type, str]:
    if isinstance(kind, inspect.Metadata):
        return kind.type, (kind.extra_json_schema or {}).get("description", "")
    return kind, ""


def _values(kind: inspect.Type) -> str:
    """What a value can be, in words."""
    match kind:
        case inspect.IntType():
            return _range("whole number", kind.ge, kind.le)
        case inspect.FloatType(gt=0):
            return "number above 0"
        case inspect.FloatType():
            return _range("number", kind.ge, kind.le)
        case inspect.StrType(pattern=str(form)):
            return f"text of the form `{form.strip('^$')}`"
        case inspect.LiteralType():
            return " or ".join(f"`{value}`" for value in kind.values)
        case inspect.ListType() | inspect.CollectionType():
            return f"list of {_values(kind.item_type)}"
        case inspect.TupleType():
            return f"list of {', '.join(map(_values, kind.item_types))}"
        case inspect.DictType():
            return f"object of {_values(kind.value_type)}"
        case inspect.UnionType():
            return " or ".join(map(_values, kind.types))
    return WORDS[type(kind)]


WORDS = {
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
    inspect.AnyType: "anything",
}


def _default(name: str) -> str:
    value = DEFAULTS[name]
    if isinstance(value, bool):
        return "no" if not value else "yes"
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    return f"`{value}`" if value not in (None, "") else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


PAGES = {"commands.md": commands, "recipes.md": recipes, "run-folder.md": run_folder}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), "utf-8")
