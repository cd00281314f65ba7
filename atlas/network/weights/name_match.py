"""Which names of a file stand for which names of a network: equal but for one prefix.

``DataParallel`` writes ``module.`` before each name, a compiled module ``_orig_mod.``, a Lightning
module the attribute that holds the network. Names are matched by their ends, and what comes before
has to be the same for all.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WRAPPERS = frozenset(
    ("module", "_orig_mod", "_fsdp_wrapped_module", "_fpw_module", "_checkpoint_wrapped_module")
)
"""Segments that wrappers of torch put into names, in the middle too where they wrap a part."""

DEEPEST = 40


@dataclass(frozen=True)
class Match:
    """Names of a network and the names in the file that stand for them.

    Attributes:
        names: the file's names by the network's.
        prefix: what the file's names begin with, without the last dot.
        added: what the network's names begin with and the file's do not.
        rewritten: whether wrappers within names were passed over, or old names taken for new.
    """

    names: Mapping[str, str]
    prefix: str
    added: str = ""
    rewritten: bool = False

    def plain(self, name: str) -> str:
        """A name of the network or the file, without what the match passes over within it."""
        return plain_name(name) if self.rewritten else name

    @property
    def wrapped(self) -> bool:
        """Whether something within the file's names was passed over."""
        return any(self.plain(name) != name for name in self.names.values())

    def without_prefix(self, held: str) -> str | None:
        """What a name of the file would be called in the network; None without the prefix."""
        name, prefix = self.plain(held), f"{self.prefix}." if self.prefix else ""
        if not name.startswith(prefix):
            return None
        return (f"{self.added}." if self.added else "") + name.removeprefix(prefix)


def matches(own: Iterable[str], held: Iterable[str]) -> list[Match]:
    """All ways in which some of a network's names are in a file, those of most names first.

    Args:
        own: the network's names.
        held: the file's names.
    """
    own, held = list(own), list(held)
    found = _by_prefix({name: name for name in own}, {name: name for name in held}, "", False)
    plain_own, plain_held = _plain(own), _plain(held)
    rewritten = list(plain_held) != held or list(plain_own) != own
    if rewritten:
        found += _by_prefix(plain_own, plain_held, "", True)
    for prefix in _common_prefixes(plain_own):
        shorter = {name.removeprefix(f"{prefix}."): whole for name, whole in plain_own.items()}
        found += _by_prefix(shorter, plain_held, prefix, True)
    # The sort is stable: of equal matches the one with the names as they are comes first.
    found.sort(key=lambda match: -len(match.names))
    unique: dict[tuple[tuple[str, str], ...], Match] = {}
    for match in found:
        unique.setdefault(tuple(sorted(match.names.items())), match)
    return list(unique.values())


def _by_prefix(
    own: Mapping[str, str], held: Mapping[str, str], added: str, rewritten: bool
) -> list[Match]:
    """A match for every prefix that makes a name of the file one of the network's."""
    hits: dict[str, dict[str, str]] = {}
    for plain, whole in held.items():
        segments = plain.split(".")
        if len(segments) > DEEPEST:
            continue
        for start in range(len(segments)):
            if name := own.get(".".join(segments[start:])):
                hits.setdefault(".".join(segments[:start]), {})[name] = whole
    return [Match(names, prefix, added, rewritten) for prefix, names in hits.items()]


def _plain(names: Iterable[str]) -> dict[str, str]:
    """Names without what wrappers put in, to the names as they are; none that become equal."""
    plain: dict[str, str] = {}
    for name in names:
        short = plain_name(name)
        if short in plain:
            return {}
        plain[short] = name
    return plain


def plain_name(name: str) -> str:
    """A name without what wrappers put in, and as it is today.

    DenseNet's published files say ``norm.1`` for ``norm1``.
    """
    name = re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", name)
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def _common_prefixes(own: Iterable[str]) -> list[str]:
    """What all names of a network begin with: ``model``, ``model.net``, ..."""
    split = [name.split(".")[:-1] for name in own]
    common: list[str] = []
    for segments in zip(*split, strict=False):
        if len(set(segments)) > 1:
            break
        common.append(segments[0])
    return [".".join(common[: end + 1]) for end in range(len(common))]
