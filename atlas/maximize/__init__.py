"""Maximize: the loop, and the axes on which recipes differ."""
