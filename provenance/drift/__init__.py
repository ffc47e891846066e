"""What stands beside the weights, held against a parent's: equal, or what differs and what it adds.

Weights that are a parent's to the bit still do something else behind another chat template, with
other tokens or other settings. A GGUF has all of that in its header.
"""

from provenance.drift.beside import Beside, drift

__all__ = ["Beside", "drift"]
