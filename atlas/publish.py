"""The command ``python -m atlas.publish SITE REMOTE``, which ``make publish`` runs."""

import sys

from atlas.render.publish import main

if __name__ == "__main__":
    sys.exit(main())
