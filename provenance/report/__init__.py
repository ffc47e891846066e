"""Verdicts as people and programs read them. Pure: printing is the command line's."""

from provenance.report.common import Place, Shown, Summary
from provenance.report.formats import FORMATS, Format
from provenance.report.human import human
from provenance.report.machine import machine

__all__ = ["FORMATS", "Format", "Place", "Shown", "Summary", "human", "machine"]
