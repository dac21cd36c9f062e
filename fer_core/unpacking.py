"""What unpacking raises where an archive is damaged or locked, and what tells a saved collection from other ZIPs."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib

DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, RuntimeError, EOFError, OSError)
"""By any of the methods that a ZIP or a tar may have; RuntimeError where a password is wanted or a method unknown."""
MANIFEST = "collection.json"
"""What a saved collection says of itself; beside it are only crops and, where kept, photos."""
