"""The public keys that reports were ever signed with here: a replaced one stays, with its dates."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

Keys = list[dict[str, Any]]


def remember(record: Path, current: dict[str, Any], now: int) -> Keys:
    """Note that `current` signs from `now` on (seconds since 1970), and all others no longer.

    Each key is a JWK with `iat`, when it was first seen, and `exp` once it is retired. Returns
    them, the current one first. Raises `OSError`, and `ValueError` for a record that is damaged.
    """
    record.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with record.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before: Keys = json.loads(record.read_text())["keys"] if record.exists() else []
        after = _after(before, current, now)
        if after != before:
            draft = record.with_suffix(".new")
            draft.write_text(json.dumps({"keys": after}, indent=1))
            os.replace(draft, record)  # noqa: PTH105 (over what is there)
    return after


def _after(before: Keys, current: dict[str, Any], now: int) -> Keys:
    mine = next((key for key in before if key["kid"] == current["kid"]), {"iat": now})
    others = [{"exp": now, **key} for key in before if key["kid"] != current["kid"]]
    return [{**current, "iat": mine["iat"]}, *others]
