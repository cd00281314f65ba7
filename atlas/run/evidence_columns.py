"""What is measured of a picture, as the columns of ``examination.csv``."""

from typing import Annotated, Any, get_args, get_type_hints

from msgspec import Meta, Struct

from atlas.run.columns import LARGEST, Column

DISTURBANCES = ("shift", "blur", "jpeg", "rescale")
"""What a picture is put through to see how much of the activation is left."""

Measured = float | None
Magnitude = Annotated[float, Meta(ge=0)] | None
Cosine = Annotated[float, Meta(ge=-1, le=1)] | None
Rank = Annotated[int, Meta(ge=1)] | None


class Evidence(Struct, kw_only=True):
    """What a finished picture does to the network; None where undefined."""

    mean: Annotated[
        Measured, Meta(description="spatial mean of the unit on the published picture")
    ] = None
    rms: Annotated[Magnitude, Meta(description="root mean square over positions there")] = None
    gain_mean: Annotated[
        Measured, Meta(description="mean over that on the strongest probe image")
    ] = None
    gain_rms: Annotated[
        Magnitude, Meta(description="RMS over that on the strongest probe image")
    ] = None
    z: Annotated[Measured, Meta(description="mean in standard deviations over the probe set")] = (
        None
    )
    standing: Annotated[Rank, Meta(description="rank of z among the units of the layer")] = None
    shift: Annotated[
        Magnitude, Meta(description="fraction of the RMS left after a shift of 8 pixels")
    ] = None
    blur: Annotated[Magnitude, Meta(description="fraction left after a Gaussian of 1 pixel")] = None
    jpeg: Annotated[Magnitude, Meta(description="fraction left after JPEG at quality 50")] = None
    rescale: Annotated[
        Magnitude, Meta(description="fraction left at 0.9 and 1.1 times the size")
    ] = None
    slope: Annotated[Measured, Meta(description="of log power over log spatial frequency")] = None
    alike: Annotated[
        Cosine, Meta(description="cosine between the layer's responses to the samples")
    ] = None

    @property
    def robustness(self) -> float | None:
        """Mean of what is left after each disturbance; None where one is unknown."""
        left = [getattr(self, name) for name in DISTURBANCES]
        known = [value for value in left if value is not None]
        return sum(known) / len(known) if len(known) == len(left) else None


EVIDENCE = list(Evidence.__struct_fields__)
"""What is measured of a picture, in the order of the table."""


def _column(name: str, hint: Any) -> Column:
    """The column of a field of the evidence."""
    value, _ = get_args(hint.__origin__)
    kind = "whole" if getattr(value, "__origin__", value) is int else "number"
    (bounds,) = getattr(value, "__metadata__", (Meta(),))
    least, most = (-LARGEST if bounds.ge is None else bounds.ge, bounds.le or LARGEST)
    return Column(name, kind, hint.__metadata__[0].description, least, most)


EVIDENCE_COLUMNS = [
    _column(name, hint) for name, hint in get_type_hints(Evidence, include_extras=True).items()
]
