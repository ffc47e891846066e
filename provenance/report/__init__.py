"""Verdicts as people and programs read them. Pure: printing is the command line's."""

from provenance.report.common import Summary
from provenance.report.human import human
from provenance.report.machine import machine

__all__ = ["Summary", "human", "machine"]
