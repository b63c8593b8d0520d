"""A question to the person at the terminal."""

from __future__ import annotations


def asked(question: str) -> str:
    """The answer, without blanks around it; empty when nobody is there to give one."""
    try:
        return input(question).strip()
    except EOFError:
        print()
        return ""
