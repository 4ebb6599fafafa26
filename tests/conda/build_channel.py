"""A conda channel in a folder, made with the standard library: this host's python and pip, so that an environment of the
workflow can be solved and linked where no public channel is reached. Bound to this host: for tests only."""

import hashlib
import io
import json
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

# Replaced in text files by the environment's own path when a package is linked; long enough for any path.
PLACEHOLDER = "/opt/placeholder" + "_placehold" * 20
# Parts of the standard library that no test needs.
LEFT_OUT = {"test", "tests", "site-packages", "idlelib", "tkinter", "turtledemo", "lib2to3", "__pycache__"}
MODIFIED = 1_700_000_000  # one date for every file, so that equal content gives equal packages
XY = f"{sys.version_info.major}.{sys.version_info.minor}"


def build(channel: Path) -> None:
    """Write both packages and the channel's index."""
    packages = dict([_python(channel), _pip(channel)])
    for subdir, here in (("linux-64", packages), ("noarch", {})):
        index = {
            "info": {"subdir": subdir},
            "packages": here,
            "packages.conda": {},
            "removed": [],
            "repodata_version": 1,
        }
        (channel / subdir).mkdir(parents=True, exist_ok=True)
        (channel / subdir / "repodata.json").write_text(json.dumps(index, indent=1, sort_keys=True))


def _python(channel: Path) -> tuple[str, dict]:
    library = Path(sysconfig.get_path("stdlib"))
    files = {
        f"lib/python{XY}/{path.relative_to(library)}": path.read_bytes()
        for path in sorted(library.rglob("*"))
        if path.is_file() and not set(path.relative_to(library).parts[:-1]) & LEFT_OUT
        and not path.relative_to(library).parts[0].startswith("config-")
    }  # fmt: skip
    executable = f"bin/python{XY}"
    files[executable] = (Path(sys.base_prefix) / executable).resolve().read_bytes()
    links = {"bin/python": f"python{XY}", "bin/python3": f"python{XY}"}
    version = ".".join(map(str, sys.version_info[:3]))
    return _package(channel, "python", version, files, executable, links=links)


def _pip(channel: Path) -> tuple[str, dict]:
    """From the wheel that ensurepip carries."""
    wheel = next((Path(sysconfig.get_path("stdlib")) / "ensurepip" / "_bundled").glob("pip-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        files = {f"lib/python{XY}/site-packages/{name}": archive.read(name) for name in names}
    script = f"#!{PLACEHOLDER}/bin/python\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"
    files["bin/pip"] = script.encode()
    return _package(channel, "pip", wheel.name.split("-")[1], files, "bin/pip", depends=[f"python {XY}.*"])


def _package(
    channel: Path,
    name: str,
    version: str,
    files: dict[str, bytes],
    executable: str,
    *,
    depends: list[str] | None = None,
    links: dict[str, str] | None = None,
) -> tuple[str, dict]:
    """Write one .tar.bz2; returns its name and its row of the index."""
    row = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": depends or [], "subdir": "linux-64",
           "arch": "x86_64", "platform": "linux", "license": "PSF-2.0", "timestamp": MODIFIED * 1000}  # fmt: skip
    paths = [_path(path, content) for path, content in sorted(files.items())]
    paths += [{"_path": path, "path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0}
              for path in sorted(links or {})]  # fmt: skip
    about = {
        "info/index.json": json.dumps(row).encode(),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
        "info/files": "".join(path["_path"] + "\n" for path in paths).encode(),
    }
    (channel / "linux-64").mkdir(parents=True, exist_ok=True)
    out = channel / "linux-64" / f"{name}-{version}-0.tar.bz2"
    with tarfile.open(out, "w:bz2", compresslevel=1) as archive:
        for path, content in {**about, **files}.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(content), MODIFIED, 0o755 if path == executable else 0o644
            archive.addfile(entry, io.BytesIO(content))
        for path, target in (links or {}).items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname, entry.mtime = tarfile.SYMTYPE, target, MODIFIED
            archive.addfile(entry)
    content = out.read_bytes()
    return out.name, {
        **row,
        "md5": hashlib.md5(content).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }


def _path(path: str, content: bytes) -> dict:
    entry = {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(content).hexdigest(),
             "size_in_bytes": len(content)}  # fmt: skip
    if PLACEHOLDER.encode() in content:
        entry |= {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"}
    return entry
