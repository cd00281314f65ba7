"""The command ``python -m atlas.deploy SITE FOLDER BASE_URL``, for a workflow of GitHub Pages."""

import sys

from atlas._system.streams import open_streams
from atlas.render.deploy import main

if __name__ == "__main__":
    open_streams()
    sys.exit(main())
