"""Verdicts as people and programs read them. Pure: printing is the command line's."""

from provenance.report.common import Details, SourceLine, Summary
from provenance.report.formats import FORMATS, Format
from provenance.report.human import human
from provenance.report.machine import machine

__all__ = ["FORMATS", "Details", "Format", "SourceLine", "Summary", "human", "machine"]
