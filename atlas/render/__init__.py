"""Render: the catalog of a run, the pages, what is drawn on them; publishing and serving."""
