"""The weights of a network: published, bundled, or in a file of any usual form."""
