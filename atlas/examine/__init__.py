"""Examine: what a finished picture does to the network, and how sure that is."""
