"""The command ``python -m atlas.publish SITE REMOTE``, which ``make publish`` runs."""

import sys

from atlas._system.streams import open_streams
from atlas.render.publish import main

if __name__ == "__main__":
    open_streams()
    sys.exit(main())
