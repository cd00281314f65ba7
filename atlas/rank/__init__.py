"""Rank: streaming statistics of every unit over a probe set, and the ranking they give."""
