"""Kinds of files: which signal reads which, and how to convert the others."""

import functools
import importlib.util
from pathlib import Path

from PIL import Image

from fieldlab.errors import InputError

SAVED = "np.save('{stem}.npy', {python}), then signal=array signal.path={stem}.npy"
HEIF, AVIF = ".heic .heif .hif .heics .heifs", ".avif .avifs"
RAW = ".cr2 .cr3 .crw .nef .nrw .arw .dng .raf .orf .rw2 .pef .srw .raw"  # many are TIFFs of their own previews
HOW = {  # what signal=… cannot read, by suffixes: how it becomes what can be read
    ".mp4 .mov .avi .mkv .webm .m4v .mpg .mpeg .wmv": "ffmpeg -i {name} -t 2 {stem}.apng makes frames of its first two seconds, then signal=frames signal.path={stem}.apng",
    ".mp3 .flac .ogg .oga .opus .m4a .aac .aif .aiff .wma .au": "ffmpeg -i {name} {stem}.wav, then signal=sound signal.path={stem}.wav",
    HEIF: "pip install pillow-heif, and it is read as it is",
    AVIF: "pip install --upgrade pillow, and it is read as it is",
    ".jxl": "djxl {name} {stem}.png, then signal=image signal.path={stem}.png",
    RAW: "darktable-cli {name} {stem}.tif develops it, then signal=image signal.path={stem}.tif",
    ".svg .svgz .pdf .ai": "inkscape {name} -o {stem}.png, then signal=image signal.path={stem}.png",
    ".psb .xcf .kra .exr .hdr": "export it as a PNG or TIFF of 16 bits, then signal=image signal.path={stem}.png",
    ".nii .gz .mgz .mgh": SAVED.replace("{python}", "nibabel.load('{name}').get_fdata()"),
    ".dcm .dicom": SAVED.replace("{python}", "pydicom.dcmread('{name}').pixel_array"),
    ".nrrd .nhdr .mha .mhd": SAVED.replace("{python}", "SimpleITK.GetArrayFromImage(SimpleITK.ReadImage('{name}'))"),
    ".mrc .map": SAVED.replace("{python}", "mrcfile.read('{name}')"),
    ".h5 .hdf5 .hdf .he5 .nc": SAVED.replace("{python}", "h5py.File('{name}')['NAME'][:]"),
    ".zarr": SAVED.replace("{python}", "zarr.open('{name}')[:]"),
    ".mat": SAVED.replace("{python}", "scipy.io.loadmat('{name}')['NAME']"),
    ".npz": SAVED.replace("{python}", "np.load('{name}')['NAME']"),
    ".pt .pth": SAVED.replace("{python}", "torch.load('{name}').numpy()"),
    ".safetensors": SAVED.replace("{python}", "safetensors.numpy.load_file('{name}')['NAME']"),
    ".csv": SAVED.replace("{python}", "np.loadtxt('{name}', delimiter=',')"),
    ".txt .tsv .dat": SAVED.replace("{python}", "np.loadtxt('{name}')"),
    ".xlsx .xls .parquet .feather": SAVED.replace("{python}", "the table's numbers"),
}  # fmt: skip
BESIDE = (".csv", ".txt", ".tsv", ".dat", ".xlsx", ".xls", ".gz", ".map", ".pdf", ".parquet", ".feather")
ANIMATED = (".gif", ".apng")
CLOUDS = (".ply", ".obj", ".off", ".stl", ".glb", ".gltf", ".xyz")


def remedy(file: Path, asked: str) -> str:
    """What to do with a file that signal=`asked` cannot read: `; …`, or nothing where its suffix does not say."""
    suffix = file.suffix.lower()
    if (kind := kind_of(file)) == asked:
        return ""
    if kind is not None:
        return f"; signal={kind} reads it" + (", or signal=frames" if suffix in ANIMATED else "")
    if suffix in CLOUDS:
        return "; task=surface signal=cloud reads it"
    how = next((how for suffixes, how in HOW.items() if suffix in suffixes.split()), None)
    stem = file.name.split(".")[0]
    return f"; {how.format(name=file.name, stem=stem)}" if how else ""


def kind_of(file: Path) -> str | None:
    """The signal that reads a file of this suffix: `image`, `array` or `sound`; None: none."""
    suffix = file.suffix.lower()
    return "image" if suffix in picture_suffixes() else {".npy": "array", ".wav": "sound"}.get(suffix)


@functools.cache
def picture_suffixes() -> frozenset[str]:
    """The suffixes of pictures that Pillow opens here; HEIF too, where pillow-heif is installed."""
    if importlib.util.find_spec("pillow_heif") is not None:
        import pillow_heif  # type: ignore[import-not-found]

        pillow_heif.register_heif_opener()
    opened = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    stubs = {suffix for suffixes in HOW for suffix in suffixes.split()}  # of which Pillow knows the names alone
    return frozenset(opened - stubs) | frozenset(opened & {*HEIF.split(), *AVIF.split()})


def is_known(file: Path) -> bool:
    """Whether a file is a signal, or could become one and is no table or text that lies beside one."""
    suffix = file.suffix.lower()
    return kind_of(file) is not None or (suffix not in BESIDE and any(suffix in of.split() for of in HOW))


def find_file(path: str, key: str, what: str) -> Path:
    """The file of this path.

    Raises:
        InputError: there is none, or it is a directory.
    """
    file = Path(path).expanduser()
    if file.is_dir():
        raise InputError(f"{key}: {file} is a directory; name one {what} in it, or fit all of them with -m")
    if not file.exists():
        raise InputError(f"{key}: there is no file {file}")
    return file
