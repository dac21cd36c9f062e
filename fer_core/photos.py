"""Bytes of a photo file -> an upright RGB image, or a clear error.

Nothing here logs, writes or knows a file's name: photos are personal data and stay in memory. Pillow's decoders are
called one by one, chosen by the file's first bytes, and not through `Image.open`: that one meets a bomb with a warning
that can be silenced only for all threads at once, and would offer the bytes to forty formats of no use here.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from fer_core.types import Uint8

MAX_BYTES = 50_000_000
"""The largest file that is read."""
MAX_PIXELS = 64_000_000
"""The largest picture that is decoded, by the size in its header: before any pixel costs memory."""
MAX_SIDE = 4096
"""Larger pictures are shrunk to this longer side: a face of 20 pixels there is one of 40 in an 8,000-pixel photo."""
MIN_SIDE = 24
"""The smallest picture that can hold a face which a detector could find (20 pixels) and something around it."""
ACCEPTED = "JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC and AVIF"

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SEVERAL = {
    "GIF": "first frame of an animation",
    "PNG": "first frame of an animation",
    "WebP": "first frame of an animation",
    "AVIF": "first frame of an animation",
    "TIFF": "first picture of several in the file",
    "HEIC": "main picture of several in the file",
}
"""What to say of a file with several pictures; nothing for JPEG, where phones keep depth and brightness maps."""


class PhotoError(ValueError):
    """What is wrong with a photo and what to do, in the user's words; never a file name or a part of the picture."""


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo, ready for detection.

    `image` uint8 RGB (H, W, 3), upright, read-only so that threads can share it; `sha256` of the file's bytes in
    hexadecimal; `notes` say what was done to the picture, as its owner may want to know: "transparency laid on white".
    """

    image: Uint8
    sha256: str
    notes: tuple[str, ...] = ()


def read_photo(data: bytes) -> Photo:
    """The photo in the bytes of one file, upright; PhotoError in the user's words where there is none.

    Accepts the formats in `ACCEPTED` in any mode that Pillow decodes (CMYK, palette, 16 bit, floating point, ...) and
    all eight EXIF orientations. Of several frames or pages the first counts. Safe to call from several threads.
    """
    kind = _kind(data)
    with _decoding(kind):
        opened = _DECODERS[kind](BytesIO(data))
    _check_size(*opened.size)
    with _decoding(kind):
        notes = [_SEVERAL[kind]] if kind in _SEVERAL and getattr(opened, "is_animated", False) else []
        opened.load()
        orientation = _orientation(opened)
        picture = as_rgb(opened, notes)
    picture = _shrunk(picture, notes)
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    image = np.asarray(picture)  # over Pillow's own bytes: another copy would take half as long as decoding
    image.flags.writeable = False
    return Photo(image, hashlib.sha256(data).hexdigest(), tuple(notes))


def _kind(data: bytes) -> str:
    """The format that the first bytes announce, a key of `_DECODERS`; PhotoError for other, empty or huge files."""
    if not data:
        raise PhotoError("This file is empty (0 bytes). Copy or download the photo again, then add it once more.")
    if len(data) > MAX_BYTES:
        raise PhotoError(
            # not its size: whoever read the file stopped soon after the limit
            f"This file has more than {MAX_BYTES / 1e6:.0f} MB; photos of up to {MAX_BYTES / 1e6:.0f} MB are read. "
            "Save it smaller, for instance as a JPEG."
        )
    kind = _media_kind(data) if data[4:8] == b"ftyp" else _signature_kind(data)
    if kind is None:
        raise PhotoError(f"This file is not a photo that can be read. Accepted are {ACCEPTED}: save it as one of them.")
    return kind


_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"BM": "BMP",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}


def _signature_kind(data: bytes) -> str | None:
    """The format whose signature the data begins with, or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    return next((kind for signature, kind in _SIGNATURES.items() if data.startswith(signature)), None)


def _media_kind(data: bytes) -> str | None:
    """HEIC or AVIF by the brands of an ISO media file (ISO/IEC 23008-12), or None for a film and the like.

    The first brand may be the family's (mif1, msf1); then the compatible brands that follow it tell the codec.
    """
    head = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
    brands = {head[i : i + 4] for i in range(0, len(head), 4)}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    heic = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
    return "HEIC" if brands & heic else None


def _heic(file: BytesIO) -> Image.Image:
    """The opened HEIC file; pillow-heif is loaded by the first one."""
    from pillow_heif import HeifImageFile

    image: Image.Image = HeifImageFile(file)
    return image


_DECODERS: dict[str, Callable[[BytesIO], Image.Image]] = {
    "JPEG": JpegImagePlugin.jpeg_factory,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "HEIC": _heic,
    "AVIF": AvifImagePlugin.AvifImageFile,
}


@contextmanager
def _decoding(kind: str) -> Iterator[None]:
    """A block in which whatever a decoder raises becomes a PhotoError.

    Damaged and hostile bytes raise almost anything there (struct.error, AttributeError, RuntimeError, ...), with
    messages that may quote the file; so everything is caught, and the cause is left out of the traceback.
    """
    try:
        yield
    except MemoryError:
        raise PhotoError("This photo is too large for this computer's memory. Save it smaller and try again.") from None
    except Exception:  # noqa: BLE001
        raise PhotoError(
            f"This {kind} file is damaged or incomplete: it cannot be read to its end. "
            "Copy or download it again, or open it in a picture program and save it as JPEG or PNG."
        ) from None


def _check_size(width: int, height: int) -> None:
    """Nothing where the header's size in pixels can be decoded; PhotoError where it is too large or too small."""
    if width * height > MAX_PIXELS:
        raise PhotoError(
            f"This picture is {width} x {height} = {width * height / 1e6:.1f} megapixels; up to {MAX_PIXELS / 1e6:.0f} "
            "are read. Save it smaller and try again."
        )
    if min(width, height) < MIN_SIDE:
        raise PhotoError(
            f"This picture is {width} x {height} pixels: too small to hold a face. "
            f"Choose one of at least {MIN_SIDE} pixels on each side."
        )


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation that is still to be applied, 1 (as stored) to 8; 1 where there is none or it is unreadable.

    Asked after decoding: Pillow's TIFF and pillow-heif turn the pixels themselves and then report 1. Pillow's own
    `exif_transpose` would also write the EXIF block anew, which fails on some cameras' blocks and serves nobody here.
    """
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return 1  # a picture with a broken EXIF block is still a picture
    return value if isinstance(value, int) else 1


def as_rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """The decoded picture in mode RGB, 8 bits, whatever its mode; adds to `notes` what its owner may want to know.

    16 bits are scaled to 8, and transparency is laid on white. Grey stays the same grey in all three channels.
    """
    if image.mode.startswith("I;16"):
        return Image.fromarray(_SIXTEEN_TO_EIGHT[_full_range(image)]).convert("RGB")
    if image.mode in ("I", "F"):
        return Image.fromarray(_stretched(np.asarray(image, np.float32), notes)).convert("RGB")
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"), notes)
    return image if image.mode == "RGB" else image.convert("RGB")


_SIXTEEN_TO_EIGHT = np.round(np.arange(65536) / 257).astype(np.uint8)
"""Pillow's own conversion of 16-bit grey would cut everything above 255 to white."""


def _full_range(image: Image.Image) -> np.ndarray:
    """The levels of a grey picture of 9 to 16 bits, uint16 (H, W) of 0 (black) to 65535.

    Of a TIFF, Pillow neither scales 12 bits (BitsPerSample, tag 258) nor turns white-is-zero (tag 262) over.
    """
    levels, tags = np.asarray(image).astype(np.uint16), getattr(image, "tag_v2", {})
    bits = int(np.max(tags.get(258, 16)))
    if bits < 16:
        levels = np.round(levels.clip(max=2**bits - 1) * (65535 / (2**bits - 1))).astype(np.uint16)
    return 65535 - levels if tags.get(262) == 0 else levels


def _stretched(levels: np.ndarray, notes: list[str]) -> Uint8:
    """The uint8 (H, W) grey values of a 32-bit picture, whose range the format leaves open.

    Values within 0..1, 0..255 or 0..65535 are taken to mean that range; others are stretched from lowest to highest, or
    are mid-grey where all are the same.
    """
    levels = np.nan_to_num(levels, posinf=0.0, neginf=0.0)
    low, high = float(levels.min()), float(levels.max())
    full = next((top for top in (1.0, 255.0, 65535.0) if low >= 0 and high <= top), None)
    if full is None:
        notes.append("brightness stretched to the visible range")
    else:
        low, high = 0.0, full
    if low == high:
        return np.full(levels.shape, 128, np.uint8)
    # float64 only for the two ends: their difference may exceed float32
    scaled = (levels / np.float32(high - low) - np.float32(low / (high - low))) * np.float32(255)
    return np.clip(np.round(scaled), 0, 255).astype(np.uint8)


def _on_white(picture: Image.Image, notes: list[str]) -> Image.Image:
    """The RGBA picture laid on white, mode RGB."""
    alpha = picture.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return picture.convert("RGB")
    notes.append("transparency laid on white")
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=alpha)
    return white


def _shrunk(picture: Image.Image, notes: list[str]) -> Image.Image:
    """The picture with a longer side of at most `MAX_SIDE`; PhotoError where a thin strip would vanish."""
    width, height = picture.size
    ratio = MAX_SIDE / max(width, height)
    if ratio >= 1:
        return picture
    size = round(width * ratio), round(height * ratio)
    if min(size) < MIN_SIDE:
        raise PhotoError(
            f"This picture is {width} x {height} pixels: too narrow to hold a face. Cut it into shorter pieces first."
        )
    notes.append(f"reduced from {width}x{height} to {size[0]}x{size[1]} pixels")
    return picture.resize(size, Image.Resampling.LANCZOS)
