"""The size of a probe image."""

PROBE_SIZE = 224
"""Its sides in pixels: those that networks for ImageNet are shown."""
