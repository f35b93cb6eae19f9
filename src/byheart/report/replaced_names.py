"""Names that others gave, replaced in sentences, however these write them; and paths and addresses of any kind."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

PLACE = re.compile(
    r"""
    https?://\S+
    | [\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}
    | (?P<quote>["'])(?:~[\w.-]*|[A-Za-z]:)?[/\\][^"'\n]*(?P=quote)
    | (?<![\w/.])~[A-Za-z_][\w.-]*(?:/[\w.@+~-]+)+/?
    | (?<![\w/.])~?(?:/[\w.@+~-]+){2,}/?
    | (?<![\w/.<])~?/(?:root|home|tmp|etc|mnt|srv|opt|Users|Volumes)\b/?
    | (?<!\w)[A-Za-z]:[\\/][^\s"'<>|]+
    | \\\\[\w.-]+\\[^\s"'<>|]+
    """,
    re.VERBOSE,
)
"""Addresses of pages and people, and paths of this and other systems, quoted ones with their blanks."""
_SEPARATORS = re.compile(r"[-_\s.]+")
_WORD = re.compile(r"[^\W_]")
_HAS_LETTER = re.compile(r"[^\W\d_]")
_SHORTEST = 3
"""Characters; a shorter name stands in ordinary sentences."""
_SHORTEST_PART = 5
"""Characters of the last part of a path alone, which may be an ordinary word."""


class Names:
    """Names with what is said in their place.

    Definition:
        said of a name is its pseudonym. Names of files and models are found in other case too, and with other hyphens,
        underlines, blanks and dots between their words; of paths also each end that begins with one of their parts, and
        the last part without suffix, where these have five characters, a letter, and something that is no letter
    Args:
        pseudonyms: by name.
        exact: names of documents and canaries: thousands, which are found as they are written only.
    """

    def __init__(self, pseudonyms: Mapping[str, str], exact: AbstractSet[str]) -> None:
        self.said = dict(pseudonyms)
        """By name, ends of paths included."""
        for name in pseudonyms.keys() - exact:
            for part in _parts(name):
                self.said.setdefault(part, pseudonyms[name])
        known = [n for n in sorted(self.said, key=lambda n: (-len(n), n)) if len(n) >= _SHORTEST and _WORD.search(n)]
        loose = [name for name in known if name not in exact]
        self._by_key = {_key(name): self.said[name] for name in loose}
        exactly = "|".join(re.escape(name) for name in known if name in exact) or "(?!)"
        loosely = "|".join(map(_flexible, loose)) or "(?!)"
        self._pattern = re.compile(rf"(?<!\w)(?:{exactly}|(?i:{loosely}))(?!\w)")

    def replaced(self, text: str) -> str:
        """The text with what is said in the place of every name."""
        return self._pattern.sub(lambda found: self._said_of(found[0]), text)

    def _said_of(self, found: str) -> str:
        return self.said.get(found) or self._by_key.get(_key(found), "[withheld]")


def _key(name: str) -> str:
    return _SEPARATORS.sub(" ", name).casefold()


def _flexible(name: str) -> str:
    """A pattern of the name with any separators between its words."""
    return r"[-_\s.]+".join(map(re.escape, _SEPARATORS.split(name)))


def _parts(name: str) -> list[str]:
    """The ends of a path, and its last part without suffix."""
    pieces = [piece for piece in re.split(r"[/\\]", name) if piece]
    ends = ["/".join(pieces[at:]) for at in range(1, len(pieces))]
    last = pieces[-1] if pieces else ""
    stem = last.rpartition(".")[0]
    return [part for part in (*ends, stem) if _is_telling(part)]


def _is_telling(part: str) -> bool:
    return len(part) >= _SHORTEST_PART and bool(_HAS_LETTER.search(part)) and bool(re.search(r"[\W\d_]", part))
