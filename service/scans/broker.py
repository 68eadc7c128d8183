"""The embedded broker: a folder of message files, for one machine and without a server.

Kombu's own filesystem transport writes a message, and the table of its queues, under the final
name. A worker that looks in that moment, or after the writer was killed in it, reads half a
document, and the JSON error ends the worker. Here a message appears complete or not at all, and
there is no table, since every message names its queue.
"""

import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any, Final

import kombu
from kombu.transport import virtual
from kombu.utils.json import dumps, loads

_SUFFIX: Final = ".msg"
_DRAIN_SECONDS: Final = 0.2


class Channel(virtual.Channel):
    """Queues as folders; a message is a file named after the time it was sent."""

    folder: str  # set by kombu from the transport options, like all names in the next line
    from_transport_options = (*virtual.Channel.from_transport_options, "folder")

    def _put(self, queue: str, message: Any, **_options: object) -> None:  # noqa: ANN401
        folder = Path(self.folder) / queue
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns():020}-{uuid.uuid4().hex}"
        draft = folder / name
        draft.write_text(dumps(message))
        draft.rename(folder / (name + _SUFFIX))

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ANN401
        """The oldest message. Renaming it is the claim: of two workers one succeeds."""
        for message in self._messages(queue):
            claimed = message.with_suffix(".claimed")
            try:
                message.rename(claimed)
            except FileNotFoundError:
                continue
            text = claimed.read_text()
            claimed.unlink()
            return loads(text)
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._messages(queue))

    def _purge(self, queue: str) -> int:
        messages = self._messages(queue)
        for message in messages:
            message.unlink(missing_ok=True)
        return len(messages)

    def _messages(self, queue: str) -> list[Path]:
        folder = f"{self.folder}/{queue}"
        try:
            names = os.listdir(folder)  # noqa: PTH208 (asked 50 times a second; faster)
        except FileNotFoundError:
            return []
        return [Path(folder, name) for name in sorted(names) if name.endswith(_SUFFIX)]


class Transport(virtual.Transport):
    """What kombu needs to know about the folder."""

    Channel = Channel
    default_port = 0
    driver_type = "folder"
    driver_name = "folder"

    def drain_events(
        self, connection: kombu.Connection, timeout: float | None = None, **_options: object
    ) -> None:
        """Return now and then, so that a worker told to stop need not wait out Celery's 2 s."""
        super().drain_events(connection, timeout=min(timeout or _DRAIN_SECONDS, _DRAIN_SECONDS))

    def driver_version(self) -> str:
        return "1"
