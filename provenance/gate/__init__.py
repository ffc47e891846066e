"""The only way from a lockfile to bytes that may be used.

What is locked is judged as the Hub declares it, downloaded beside its place, measured, judged again
from the bytes, and moved into place in one step. Before that step nothing usable is there, and
after it nothing that was not judged.
"""

from provenance.gate.admission import admit
from provenance.gate.laid import admit_laid, refuse_unread
from provenance.gate.values import Admitted, Refused, Rules, Target

__all__ = ["Admitted", "Refused", "Rules", "Target", "admit", "admit_laid", "refuse_unread"]
