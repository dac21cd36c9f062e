"""Codes that nobody can guess and everybody can type, and the hash of a passphrase."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata

from fer_core.human.errors import PassphraseError, UnknownCodeError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter is taken for another (crockford.com/base32.html)."""
MISREAD = str.maketrans("OIL", "011", "- \t\n")
CLASS_LENGTH, RUN_LENGTH = 10, 16
"""50 bits for a class, 80 for a run, which needs no passphrase. They differ in length, so one is never the other."""
SHORTEST_PASSPHRASE, LONGEST_PASSPHRASE = 8, 200
_MOST_TYPED = 4 * LONGEST_PASSPHRASE + 1
"""What is read of a passphrase: NFC makes one character of four at most, and takes the square of a text's length."""
_COST = {"n": 2**14, "r": 8, "p": 1}
"""scrypt's cost as RFC 7914 and OWASP have it for interactive logins: about 50 ms and 16 MiB a try."""


def new_code(length: int) -> str:
    """A random code of that many letters from the system's secure source."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def shown(code: str) -> str:
    """The code in groups of four or five letters, as people read it."""
    size = 5 if len(code) == CLASS_LENGTH else 4
    return "-".join(code[i : i + size] for i in range(0, len(code), size))


def class_code(text: str) -> str:
    """The class code that was typed, in one spelling; UnknownCodeError where it cannot be one."""
    return _read(text, CLASS_LENGTH, "class", "its teacher has it")


def run_code(text: str) -> str:
    """The resume code that was typed, in one spelling; UnknownCodeError where it cannot be one."""
    return _read(text, RUN_LENGTH, "resume", "it was shown when the quiz began")


def _read(text: str, length: int, what: str, where: str) -> str:
    letters = text.upper().translate(MISREAD)
    foreign = next((letter for letter in letters if letter not in ALPHABET), None)
    if len(letters) == length and foreign is None:
        return letters
    other = {CLASS_LENGTH: "a class code", RUN_LENGTH: "a resume code"}.get(len(letters))
    hint = f" This looks like {other}." if other and len(letters) != length else ""
    expected = f"Expected a {what} code of {length} letters and digits ({where}), got {len(letters):,}"
    unread = f", of which {foreign!r} is in no code" if foreign is not None else ""
    raise UnknownCodeError(f"{expected}{unread}.{hint}")


def hash_passphrase(passphrase: str) -> str:
    """The passphrase's salted scrypt hash as text; PassphraseError where it is too short or endless."""
    typed = _one_spelling(passphrase)
    if not SHORTEST_PASSPHRASE <= len(typed) <= LONGEST_PASSPHRASE:
        raise PassphraseError(
            f"Expected a passphrase of {SHORTEST_PASSPHRASE} to {LONGEST_PASSPHRASE} characters, got "
            f"{len(typed) + len(passphrase[_MOST_TYPED:]):,}."
        )
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(typed, salt).hex()}"


def is_passphrase(passphrase: str, stored: str) -> bool:
    """Whether the passphrase is the one that was hashed, found out in the same time either way."""
    _, salt, digest = stored.split("$")
    typed = _one_spelling(passphrase)[:LONGEST_PASSPHRASE]
    return hmac.compare_digest(_scrypt(typed, bytes.fromhex(salt)).hex(), digest)


def _one_spelling(passphrase: str) -> str:
    """The passphrase in NFC: the same "é" is one character from one keyboard and two from another."""
    return unicodedata.normalize("NFC", passphrase[:_MOST_TYPED])


def _scrypt(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode("utf-8", "surrogatepass"), salt=salt, dklen=32, **_COST)
