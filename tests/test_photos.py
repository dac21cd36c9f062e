"""fer_core.photos: every kind of photo comes out upright and RGB, every bad file as an error in the user's words."""

from __future__ import annotations

import hashlib
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageFile, PngImagePlugin

from fer_core import photos
from fer_core.photos import PhotoError, read_photo

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF", "AVIF")
WITH_ORIENTATION = ("JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF")
ORIENTATION = 0x0112
STORED_AS = {
    1: lambda upright: upright,
    2: lambda upright: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda upright: upright.transpose(Image.Transpose.ROTATE_180),
    4: lambda upright: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda upright: upright.transpose(Image.Transpose.TRANSPOSE),
    6: lambda upright: upright.transpose(Image.Transpose.ROTATE_90),
    7: lambda upright: upright.transpose(Image.Transpose.TRANSVERSE),
    8: lambda upright: upright.transpose(Image.Transpose.ROTATE_270),
}
"""How a camera stores an upright scene under each EXIF orientation: the inverse of what the tag asks for."""


def picture(width: int = 64, height: int = 48) -> Image.Image:
    """A smooth RGB picture whose corners all differ, so that no turned or mirrored copy resembles it."""
    across, down = np.linspace(0, 255, width), np.linspace(0, 255, height)
    red, green = np.meshgrid(across, down)
    blue = 255 - (red + green) / 2
    return Image.fromarray(np.stack([red, green, blue], axis=-1).astype(np.uint8))


def encoded(image: Image.Image, kind: str, orientation: int = 1, **options: object) -> bytes:
    """The bytes of the image in a format, with an EXIF orientation where it is not 1."""
    file = BytesIO()
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    if orientation != 1:
        options["exif"] = exif.tobytes()
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(file, quality=95, **options)
    else:
        image.save(file, kind, **options)
    return file.getvalue()


def difference(image: np.ndarray, expected: Image.Image) -> float:
    """The mean absolute difference to an RGB picture, 0..255; infinite where the sizes differ."""
    if image.shape != np.asarray(expected).shape:
        return float("inf")
    return float(np.abs(image.astype(int) - np.asarray(expected)).mean())


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds next to nothing."""
    header = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"
    return (
        b"\x89PNG\r\n\x1a\n"
        + (13).to_bytes(4)
        + header
        + zlib.crc32(header).to_bytes(4)
        + b"\0\0\0\0IDAT\x35\xaf\x06\x1e"
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read(kind):
    data = encoded(picture(), kind)
    photo = read_photo(data)
    assert difference(photo.image, picture()) < 5
    assert photo.image.dtype == np.uint8
    assert photo.sha256 == hashlib.sha256(data).hexdigest()
    assert photo.notes == ()


def test_image_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        read_photo(encoded(picture(), "PNG")).image[0, 0] = 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", WITH_ORIENTATION)
def test_every_orientation_comes_out_upright(kind, orientation):
    photo = read_photo(encoded(STORED_AS[orientation](picture()), kind, orientation))
    assert difference(photo.image, picture()) < 5


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\0\xff\x01\x12", b"Exif\0\0"])
def test_broken_exif_does_not_cost_the_photo(exif):
    photo = read_photo(encoded(picture(), "JPEG", exif=exif))
    assert difference(photo.image, picture()) < 5


def test_impossible_orientation_is_none():
    assert difference(read_photo(encoded(picture(), "PNG", orientation=9)).image, picture()) == 0


def test_cmyk_jpeg():
    photo = read_photo(encoded(picture().convert("CMYK"), "JPEG", quality=95))
    assert difference(photo.image, picture()) < 5


def test_16_bit_png_is_scaled_and_not_cut():
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (48, 1))
    photo = read_photo(encoded(Image.fromarray(ramp), "PNG"))
    assert np.abs(photo.image - (ramp / 257)[..., None]).max() <= 0.5


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_floating_point_tiff_keeps_its_range(top):
    ramp = np.tile(np.linspace(0, top / 2, 64, dtype=np.float32), (48, 1)) * 2
    photo = read_photo(encoded(Image.fromarray(ramp), "TIFF"))
    assert np.abs(photo.image - (ramp * (255 / top))[..., None]).max() <= 0.51
    assert photo.notes == ()


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_32_bit_tiff_of_any_range_is_stretched(dtype):
    ramp = np.tile(np.linspace(-1e6, 1e6, 64).astype(dtype), (48, 1))
    photo = read_photo(encoded(Image.fromarray(ramp), "TIFF"))
    assert (photo.image[0, 0, 0], photo.image[0, -1, 0]) == (0, 255)
    assert photo.notes == ("brightness stretched to the visible range",)


def test_floating_point_tiff_with_holes():
    levels = np.full((48, 64), 0.5, np.float32)
    levels[0, :3] = np.nan, np.inf, -np.inf
    image = read_photo(encoded(Image.fromarray(levels), "TIFF")).image
    assert (image[0, :3] == 0).all()
    assert (image[1:] == 128).all()


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_grey_and_palette(mode):
    source = picture().convert(mode)
    assert difference(read_photo(encoded(source, "PNG")).image, source.convert("RGB")) == 0


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode):
    source = picture().convert(mode)
    source.putalpha(Image.fromarray(np.tile(np.repeat([0, 255], 32), (48, 1)).astype(np.uint8)))
    photo = read_photo(encoded(source, "PNG"))
    assert (photo.image[:, :32] == 255).all()
    assert np.array_equal(photo.image[:, 32:], np.asarray(source.convert("RGB"))[:, 32:])
    assert photo.notes == ("transparency laid on white",)


def test_palette_png_with_transparency():
    source = Image.new("P", (64, 48), 0)
    source.putpalette([10, 20, 30, 200, 100, 50])
    source.paste(1, (0, 0, 32, 48))
    photo = read_photo(encoded(source, "PNG", transparency=0))
    assert photo.image[0, 0].tolist() == [200, 100, 50]
    assert photo.image[0, 40].tolist() == [255, 255, 255]
    assert photo.notes == ("transparency laid on white",)


def test_opaque_alpha_needs_no_note():
    photo = read_photo(encoded(picture().convert("RGBA"), "PNG"))
    assert difference(photo.image, picture()) == 0
    assert photo.notes == ()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animation_gives_its_first_frame(kind):
    frames = [picture().rotate(180), picture().rotate(90)]
    photo = read_photo(encoded(picture(), kind, save_all=True, append_images=frames))
    assert difference(photo.image, picture()) < 5
    assert photo.notes == ("first frame of an animation",)


def test_pages_of_a_tiff():
    photo = read_photo(encoded(picture(), "TIFF", save_all=True, append_images=[picture().rotate(180)]))
    assert difference(photo.image, picture()) == 0
    assert photo.notes == ("first picture of several in the file",)


def test_a_phones_jpeg_of_several_pictures_needs_no_note():
    photo = read_photo(encoded(picture(), "MPO", save_all=True, append_images=[picture()]))
    assert difference(photo.image, picture()) < 5
    assert photo.notes == ()


def test_large_photo_is_reduced():
    photo = read_photo(encoded(Image.new("L", (5000, 3000), 90), "PNG", orientation=6))
    assert photo.image.shape == (4096, 2458, 3)
    assert (photo.image == 90).all()
    assert photo.notes == ("reduced from 5000x3000 to 4096x2458 pixels",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\0", "not a photo that can be read"),
        (b"A letter, not a photo.", "JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC and AVIF"),
        (b"%PDF-1.7\n%", "save it as one of them"),
        (encoded(picture(), "PPM"), "not a photo that can be read"),
        (encoded(picture(), "ICO"), "not a photo that can be read"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100), "not a photo that can be read"),
        (b"\xff\xd8\xff" + bytes(photos.MAX_BYTES), "more than 50 MB; photos of up to 50 MB"),
        (b"\xff\xd8\xff", "JPEG file is damaged or incomplete"),
        (b"BMW and other cars", "BMP file is damaged or incomplete"),
        (png_header(10_000, 10_000), "10000 x 10000 = 100.0 megapixels"),
        (png_header(1, 100_000_000), "1 x 100000000 = 100.0 megapixels"),
        (png_header(2**31 - 1, 2**31 - 1), "megapixels"),
        (png_header(20, 20), "20 x 20 pixels: too small to hold a face"),
        (encoded(Image.new("RGB", (20, 20)), "JPEG"), "at least 24 pixels"),
        (encoded(Image.new("RGB", (1, 1)), "GIF"), "too small"),
        (encoded(Image.new("RGB", (4000, 23)), "PNG"), "too small"),
        (encoded(Image.new("L", (6000, 24)), "PNG"), "too narrow"),
        (png_header(64, 48), "PNG file is damaged or incomplete"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # one of the files has 50 MB
)
def test_bad_files_get_a_clear_error(data, words):
    with pytest.raises(PhotoError) as caught:
        read_photo(data)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 250
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG", "PNG", "WEBP", "HEIF", "TIFF", "BMP"])
def test_truncated_files_are_refused(kind, part):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    progressive = {"progressive": True} if kind == "progressive JPEG" else {}
    data = encoded(Image.fromarray(noise), kind.split()[-1], **progressive)
    with pytest.raises(PhotoError, match="damaged or incomplete"):
        read_photo(data[: int(part * len(data))])


def test_exploding_text_in_a_png():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "A" * 70_000_000, zip=True)
    data = encoded(picture(), "PNG", pnginfo=info)
    assert len(data) < 100_000
    with pytest.raises(PhotoError, match="damaged or incomplete"):
        read_photo(data)


@pytest.mark.parametrize("data", [b"SECRET.jpg " * 9, b"\xff\xd8\xffSECRET" * 9, b"BM" + b"SECRET" * 99])
def test_errors_quote_nothing_of_the_file(data):
    with pytest.raises(PhotoError) as caught:
        read_photo(data)
    assert "SECRET" not in str(caught.value)


@pytest.mark.filterwarnings("error")
def test_pillow_is_left_as_it_was():
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, dict(Image.OPEN), list(Image.ID)
    for data in (encoded(picture(), "HEIF"), png_header(10_000, 10_000), png_header(30_000, 30_000)):
        try:
            read_photo(data)
        except PhotoError:
            continue
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, dict(Image.OPEN), list(Image.ID))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_bytes_raise_nothing_else(kind):
    random = np.random.default_rng(7)
    whole = encoded(picture(), kind)
    for _ in range(40):
        data = bytearray(whole)
        for place in random.integers(0, min(len(data), 500), 3):
            data[place] = random.integers(0, 256)
        try:
            assert read_photo(bytes(data)).image.ndim == 3
        except PhotoError:
            continue


def test_threads_read_what_one_reads():
    files = [encoded(STORED_AS[6](picture()), kind, 6) for kind in WITH_ORIENTATION] * 4
    expected = [read_photo(data).image for data in files]
    with ThreadPoolExecutor(8) as pool:
        images = [photo.image for photo in pool.map(read_photo, files)]
    assert all(np.array_equal(a, b) for a, b in zip(images, expected, strict=True))
