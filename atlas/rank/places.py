"""How many images are kept of each unit."""

STRONGEST = 9
"""How many of a unit's strongest images are shown."""

RUNNERS_UP = 20
"""How many of those in the places after are kept as well."""
