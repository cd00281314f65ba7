"""Atlas turns a trained GoogLeNet into a browsable website of what its units look for."""

__version__ = "0.1.0"
