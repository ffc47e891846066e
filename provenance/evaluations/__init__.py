"""What other tools report of a model's behaviour, one reader per form; and when that is a pass."""

from provenance.evaluations.deciding import Threshold, Undecided, decided
from provenance.evaluations.kinds import KINDS, kind_of
from provenance.evaluations.report import Measure, Report

__all__ = ["KINDS", "Measure", "Report", "Threshold", "Undecided", "decided", "kind_of"]
