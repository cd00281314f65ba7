"""The command line: parse, call, report."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import atlas
from atlas._system import environment, signals
from atlas._system.memory import out_of_memory
from atlas._system.paths import as_path
from atlas._system.streams import show
from atlas.errors import AtlasError, UsageError, one_line
from atlas.network.addresses.address import find_address
from atlas.read_settings import read, read_file
from atlas.recipe_names import ENDS
from atlas.run.folder import Run
from atlas.settings import DEFAULTS, DESCRIPTIONS, Settings

COMMANDS = {
    "build": "rank, maximize, examine, relate, render",
    "rank": "measure every unit over the probe set and rank them",
    "maximize": "make the pictures of the units",
    "examine": "measure what each picture does to the network",
    "relate": "find how the units lie to each other",
    "render": "make the site from a run",
    "compare": "make a site of two or more runs, network beside network",
    "layers": "list the network's layers",
    "serve": "show the site on localhost",
}

NAMED = {"faces", *(constant for constant, _ in ENDS.values())}
"""Settings that the names of recipes keep for a run."""
COMPUTING = [
    name for name, each in DESCRIPTIONS.items() if (each.computed or name in NAMED) and each.option
]
RENDERING = ["site", "templates", "notes", "base_url", "publish_probe_images"]
LATER = [name for name in COMPUTING if name not in ("labels", "classes")]  # which ranking keeps
APPLICABLE = {
    "build": [*COMPUTING, "run", *RENDERING, "quiet"],
    "rank": [*COMPUTING, "run", "notes", "quiet"],
    "maximize": [*LATER, "run", "quiet"],
    "examine": [*LATER, "run", "quiet"],
    "relate": [*LATER, "run", "quiet"],
    "render": ["run", *RENDERING, "quiet"],
    "compare": [*RENDERING, "quiet"],
    "layers": [
        "network",
        "network_args",
        "weights",
        "weights_key",
        "transform_input",
        "input",
        "layers",
    ],
    "serve": ["site"],
}
"""The settings that are options of each command."""

FLAGS = {"1": True, "0": False, "true": True, "false": False, "yes": True, "no": False}
"""What a flag may be given, in whatever case; alone it means yes."""

LATER_STAGES = ("maximize", "examine", "relate")
SETTINGS_FILE = "atlas.toml"


def _print_line(message: str) -> None:
    print(one_line(message), file=sys.stderr)


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit with 2."""
        _print_line(f"{self.prog}: {message} (see {self.prog} --help)")
        raise SystemExit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    parser = _parser()
    parsed, unknown = parser.parse_known_args(arguments)
    given = vars(parsed)
    command = given.pop("command")
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{_hint(command, unknown[0])}")
    try:
        _call(command, given)
    except AtlasError as error:
        _print_line(f"atlas: {error}")
        return 2 if isinstance(error, UsageError) else 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _print_line(f"atlas: {where}{error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        print(signals.MESSAGE, file=sys.stderr)
        return signals.EXIT_CODE
    except Exception as error:
        if not out_of_memory(error):
            raise
        _print_line(
            "atlas: there is not enough memory; what is finished is kept: free some and start again"
        )
        return 1
    return 0


def _parser() -> Parser:
    parser = Parser(prog="atlas", description=atlas.__doc__, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"atlas {atlas.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=purpose,
            description=f"{purpose[0].upper()}{purpose[1:]}.",
            allow_abbrev=False,
            argument_default=argparse.SUPPRESS,
        )
        for option in APPLICABLE[name]:
            known = DESCRIPTIONS[option]
            how: dict[str, Any] = {"metavar": known.value}
            if known.value is None:
                how = {"nargs": "?", "const": True, "type": _flag, "metavar": "yes|no"}
            command.add_argument(f"--{option.replace('_', '-')}", help=known.purpose, **how)
        if name == "compare":
            command.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run")
        if name == "serve":
            command.add_argument("--port", type=int, default=8000, help="where to listen")
        if name == "layers":
            command.add_argument("--all", action="store_true", help="every place with a name")
        command.add_argument("--config", metavar="FILE", help="settings (atlas.toml)")
    return parser


def _hint(command: str, unknown: str) -> str:
    """Which option may have been meant by an unknown one."""
    takers = {"--config": list(COMMANDS), "--port": ["serve"], "--all": ["layers"]}
    for each, names in APPLICABLE.items():
        for name in names:
            takers.setdefault(f"--{name.replace('_', '-')}", []).append(each)
    for near in get_close_matches(unknown.partition("=")[0], takers, n=1):
        if command in takers[near]:
            return f"; the nearest option is {near}"
        return f"; {near} is for {', '.join(takers[near])}"
    return ""


def _flag(word: str) -> bool:
    """Read a flag with a value, as make passes it: ``--quiet=0`` means not quiet."""
    if word.lower() not in FLAGS:
        raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(FLAGS)}")
    return FLAGS[word.lower()]


def _call(command: str, given: dict[str, Any]) -> None:
    environment.prepare()
    port, every = given.pop("port", None), given.pop("all", False)
    runs, named = given.pop("runs", []), "site" in given
    settings = _settings(command, given)
    # Imported here so that wrong usage is answered at once and not after torch has loaded.
    if command == "serve":
        from atlas.render.serve import serve

        with signals.raised():
            serve(Path(settings.site), port)
    elif command == "compare":
        _compare(runs, settings, named)
    elif command == "layers":
        _list_layers(settings, every)
    else:
        from atlas.build.build import STAGES, load_stage, run_stages

        stages = STAGES if command == "build" else (command,)
        for stage in stages if command != "build" else (*STAGES, "rounds"):
            load_stage(stage)  # now: an interrupt raised while libraries load may be lost in them
        with signals.raised():
            run_stages(stages, settings, log=None if settings.quiet else _print_line)


def _settings(command: str, given: dict[str, Any]) -> Settings:
    """The settings: of the command line, else the file, else (in a later stage) the run's own."""
    file = given.pop("config", None)
    values: dict[str, Any] = {}
    if file is not None or Path(SETTINGS_FILE).exists():
        values = read_file(as_path(file or SETTINGS_FILE))
    values |= read(given, "command line")
    run = Run(values.get("run", DEFAULTS["run"]))
    if command in LATER_STAGES:
        asked = run.settings().asked
        _refuse_code_of(asked, values, run)
        if "units" in values:
            asked.pop("layers", None)  # the units asked for now may be of any layer of the run
        values = read(asked, f"{run.path}/run.json") | values
    return Settings(**values)


def _refuse_code_of(asked: Mapping[str, Any], values: Mapping[str, Any], run: Run) -> None:
    """Raise UsageError where a run, which may be anyone's, names code that nobody asked to run."""
    network = asked.get("network")
    address = find_address(network) if isinstance(network, str) else None
    if "network" not in values and address and address.notice:
        raise UsageError(
            f"{run.path} was made with the code of {address.place}; say that you want it to run, "
            f"with --network {network}"
        )


def _compare(runs: Sequence[str], settings: Settings, named: bool) -> None:
    """Compare runs; the site must be ``named``, for by default it is that of an atlas."""
    if not named:
        raise UsageError("say where the comparison is to be, with --site FOLDER")
    from atlas.build.compare import compare

    with signals.raised():
        compare(
            runs,
            settings.site,
            templates=settings.templates,
            base_url=settings.base_url,
            publish_probe_images=settings.publish_probe_images,
            quiet=settings.quiet,
            log=None if settings.quiet else _print_line,
        )


def _list_layers(settings: Settings, every: bool) -> None:
    from atlas.build.layer_list import list_layers, list_places
    from atlas.build.resources import open_network

    address = find_address(settings.network)
    if address and address.notice:
        _print_line(address.notice)  # before that code runs
    network = open_network(replace(settings, device="cpu", precision="float32"), None)
    for remark in (*network.weights.remarks, *network.remarks):
        _print_line(remark)
    show(list_places(network) if every else list_layers(network, settings.layers))
