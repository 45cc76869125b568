"""What a conversion tells: fields that it could not carry over, and what means something else here."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Note:
    """One field of a manifest: its path from the manifest's root, why it needs a look, and what to do."""

    path: str
    why: str
    remedy: str

    def __str__(self) -> str:
        """Return the note as one line."""
        return f"{self.path}: {self.why}; {self.remedy}"


@dataclass(slots=True)
class Notes:
    """The notes of one manifest, what is `left` out of the values, and what has `changed` its meaning."""

    left: list[Note] = field(default_factory=list)
    changed: list[Note] = field(default_factory=list)

    def leave(self, path: str, why: str, remedy: str) -> None:
        """Note a field that the values do not hold."""
        self.left.append(Note(path, why, remedy))

    def change(self, path: str, why: str, remedy: str) -> None:
        """Note a field that is carried over and means something else here."""
        self.changed.append(Note(path, why, remedy))
