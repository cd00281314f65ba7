"""Where a network is: in a file or package of Python, in timm, or on the Hugging Face Hub.

An address is read without loading torch, so that a wrong one is answered at once.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from atlas._system.display import display_name
from atlas._system.paths import expand
from atlas.errors import UsageError

DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
FORMS = "package.module:attr, file.py:attr, timm:NAME or hf-hub:ORG/NAME"


@dataclass(frozen=True)
class Address:
    """Where a network is.

    Args:
        kind: of the address.
        place: the file, the module, or ``timm`` or ``hf-hub``.
        attribute: what is there: a dotted name, or that of a model.
    """

    kind: Literal["file", "module", "timm", "hf-hub"]
    place: str
    attribute: str

    @property
    def name(self) -> str:
        """What to call the network: the address, without the folders that a file lies in."""
        place = PurePath(self.place).name if self.kind == "file" else self.place
        return display_name(f"{place}:{self.attribute}")

    @property
    def notice(self) -> str | None:
        """What to say before the network is opened, where that runs someone's code."""
        if self.kind not in ("file", "module"):
            return None
        return f"NOTICE: --network {self.name} runs the code of {self.place}"


def find_address(network: str) -> Address | None:
    """The address that a text is; none for a plain name.

    Raises UsageError for one that is neither.
    """
    place, colon, attribute = network.rpartition(":")
    if not colon:
        if network.endswith(".py"):
            raise UsageError(f"{network} is a file; say what in it is the network: {network}:NAME")
        return None
    if network.startswith("timm:") and re.fullmatch(r"[\w.-]+", network[5:]):
        return Address("timm", "timm", network[5:])
    if network.startswith("hf-hub:") and re.fullmatch(r"[\w.-]+/[\w.-]+", network[7:]):
        return Address("hf-hub", "hf-hub", network[7:])
    if DOTTED.fullmatch(attribute):
        if place.endswith(".py"):
            return Address("file", expand(place), attribute)
        if DOTTED.fullmatch(place) and place != "timm":
            return Address("module", place, attribute)
    raise UsageError(f"{network!r} is no address of a network; one is {FORMS}")
