"""Whether what was written after some Python code is Python: decided by the parser, line by line."""

import ast
import codeop
import io
import tokenize
import warnings
from itertools import groupby
from typing import Final, Literal

Verdict = Literal["valid", "invalid", "open"]
"""It parses; it does not; or no code was finished, so that nothing can be said."""
_FAULTS: Final = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError)
_BLANK: Final = frozenset(
    (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    )
)
"""Tokens that do nothing."""
_CODE: Final = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)


def parsed(text: str) -> ast.Module | None:
    """The syntax tree of a text, or None where it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except _FAULTS:
        return None


def code_before(text: str, stop: int) -> str | None:
    """The code that ends at a place, as much of it as decides whether what follows parses.

    Definition:
        the innermost statement that is no class and begins before the place, from its first line on, behind the first
        lines of the classes around it; `pass` for what else these hold before it
    Args:
        text: a document.
        stop: the place, a number of characters.
    Returns:
        None where the text is no Python code (it does not parse, or imports, defines and assigns nothing at its top),
        or the place lies inside a string or a comment, where any words are right.
    Source: definition.
    Differs: nothing.
    """
    tree = parsed(text)
    if tree is None or not any(isinstance(statement, _CODE) for statement in tree.body):
        return None
    lines = text.split("\n")
    line = text.count("\n", 0, stop) + 1
    column = len(text[text.rfind("\n", 0, stop) + 1 : stop].encode("utf-8", "replace"))
    if _in_string(tree, (line, column)) or _in_comment(text, stop):
        return None
    body, first, heads = tree.body, 1, []
    while True:
        begun = [statement for statement in body if _first_line(statement) <= line]
        if not begun:
            break
        last = begun[-1]
        first = _first_line(last)
        if not isinstance(last, ast.ClassDef) or not last.lineno < _first_line(last.body[0]) <= line:
            break
        inner = _first_line(last.body[0])
        heads += lines[last.lineno - 1 : inner - 1]
        if any(inner < _first_line(statement) <= line for statement in last.body):
            # Stands for what is left out, without which a class that nothing follows would be none.
            heads.append(lines[inner - 1][: len(lines[inner - 1]) - len(lines[inner - 1].lstrip())] + "pass")
        body = last.body
    start = sum(len(one) + 1 for one in lines[: first - 1])
    return "".join(f"{head}\n" for head in heads) + text[start:stop]


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _in_string(tree: ast.Module, place: tuple[int, int]) -> bool:
    """Whether a place, line and byte, lies inside a string."""
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
        if (is_text or isinstance(node, ast.JoinedStr)) and isinstance(node, ast.expr):
            end = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
            if (node.lineno, node.col_offset) < place < end:
                return True
    return False


def _in_comment(text: str, stop: int) -> bool:
    """Whether a place lies behind the mark of a comment on its line, the comment's end included."""
    if "#" not in text[text.rfind("\n", 0, stop) + 1 : stop]:
        return False
    place = _place(text, stop)
    return any(it.type == tokenize.COMMENT and it.start < place <= it.end for it in _tokens(text))


def _place(text: str, stop: int) -> tuple[int, int]:
    """Line and character of a place, as tokenize counts them."""
    return text.count("\n", 0, stop) + 1, stop - text.rfind("\n", 0, stop) - 1


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    try:
        return list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, *_FAULTS):
        return []


def _is_code(text: str, start: int) -> bool:
    """Whether something behind a place does more than a comment or a bare string does.

    Definition:
        some token that ends behind the place, no comment and no line break, stands in a logical line that has a name
        or a number in it
    Args:
        text: Python code.
        start: the place, a number of characters.
    Source: definition.
    Differs: nothing.
    """
    place = _place(text, start)
    number = 0

    def line_of(it: tokenize.TokenInfo) -> int:
        nonlocal number
        number += it.type == tokenize.NEWLINE
        return number

    for _, tokens in groupby(_tokens(text), key=line_of):
        line = [it for it in tokens if it.type not in _BLANK]
        if any(it.end > place for it in line) and any(it.type in (tokenize.NAME, tokenize.NUMBER) for it in line):
            return True
    return False


def verdict(before: str, written: str, *, is_whole: bool = False) -> Verdict:
    """Whether what was written goes on as Python.

    Definition:
        what was written is cut behind its last line break. It is invalid when the parser meets an error in the code
        before with it; valid when that parses, or parses without its last lines, which only begin a statement, and of
        what is left something is code, neither comments nor bare strings alone; else open.
    Args:
        before: code, as `code_before` gives it.
        written: a continuation, untrusted; it is parsed, never run.
        is_whole: whether it ends its document, so that its last line is finished too.
    Source: protocols.md A5, ast.parse; the standard library's codeop tells an unfinished statement from an error.
    Differs: line by line, because a continuation stops anywhere.
    """
    text = written + "\n" if is_whole else written
    kept = text[: text.rfind("\n") + 1].splitlines(keepends=True)
    if not kept:
        return "open"
    if parsed(before + "".join(kept)) is None and not _is_unfinished(before + "".join(kept)):
        return "invalid"
    while kept and parsed(before + "".join(kept)) is None:
        kept.pop()
    return "valid" if _is_code(before + "".join(kept), len(before)) else "open"


def _is_unfinished(text: str) -> bool:
    """Whether more lines could make a text Python that does not parse as it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return codeop.compile_command(text, "<text>", "exec") is None
    except _FAULTS:
        return False
