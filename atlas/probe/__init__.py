"""Probe sets: the images over which units are ranked."""
