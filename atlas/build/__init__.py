"""Build: the stages in a row, over a run folder."""
