"""The values that the JSON files of a run are made of."""

from typing import Annotated

from msgspec import Meta

MOST = 2**63 - 1
"""No whole number is larger: tables hold them in 64 bits."""

Name = Annotated[str, Meta(min_length=1)]
Place = Annotated[int, Meta(ge=0, le=MOST)]
Count = Annotated[int, Meta(ge=1, le=MOST)]
Positive = Annotated[float, Meta(gt=0)]
Seconds = Annotated[float, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
