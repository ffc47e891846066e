"""Models that a run begins with, judged and pinned by every digest while it goes on."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.errors import ConfigError
from provenance.recording.background import Background
from provenance.recording.loaded import Origin
from provenance.recording.output import stamps
from provenance.recording.places import session_of
from provenance.recording.terms import Terms
from provenance.wire.training import Parent
from provenance.workspace.attesting import Begun, ParentRefused, begun
from provenance.workspace.gathering import Gathering

ANYWAY = "To record it anyway: unverified_parent=True, which every report then says."


class Pinning:
    """These models as they were when this began: `result` has them, or says what was wrong.

    Raises ConfigError where one is not on this machine.
    """

    def __init__(self, terms: Terms, found: Sequence[Origin]) -> None:
        session = session_of(terms, found)
        self.places = tuple(subject.place for subject in session.subjects if subject.place)
        self._stamps = {place: stamps(place) for place in self.places}
        self._model, self._unverified = terms.model, terms.unverified_parent
        self.gathering = terms.workspace.gathering(session)
        self._work = Background(lambda: self._pinned(self.gathering))

    @property
    def parents(self) -> tuple[Parent, ...]:
        """The models by every digest, as far as they are judged by now."""
        return self._work.result().parents if self._work.is_done else ()

    def check(self, wait: float = 0.0) -> None:
        """Nothing was refused by now, or within `wait` seconds; ParentRefused, ConfigError."""
        self._work.check(wait)

    def result(self) -> Begun:
        """The models by every digest. Raises ParentRefused, ConfigError, SourceError."""
        return self._work.result()

    def _pinned(self, gathering: Gathering) -> Begun:
        try:
            return begun(gathering, self._model, unverified_parent=self._unverified)
        except ParentRefused as refused:
            refused.add_note(ANYWAY)
            raise
        finally:
            self._check_unchanged()

    def _check_unchanged(self) -> None:
        for place, before in self._stamps.items():
            after = stamps(place)
            changed = sorted({path for path, _ in before.items() ^ after.items()})
            if changed:
                raise ConfigError(
                    f"{changed[0]} changed while the model was pinned: what was loaded is not "
                    "known. Begin again, and let nobody write there meanwhile",
                    path=str(place),
                )
