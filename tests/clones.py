"""Made repositories in a folder, laid out as a mirror of clones."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


def mirror_of(files: Mapping[str, bytes], repository: str, folder: Path) -> Path:
    """A folder with one bare clone in it, of a repository with these files."""
    work = folder / "work" / repository
    for name, content in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(content)
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", "-C", str(work)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "page"]):
        subprocess.run([*git, *arguments], check=True)
    bare = folder / "mirror" / repository.replace("/", "+")
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    return folder / "mirror"
