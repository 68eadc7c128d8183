"""A Celery request that reconnects when the broker was lost while its task ran."""

from celery.worker.request import Request
from kombu.asynchronous import get_event_loop

from workers.deaths import child_out_of_time


class ReconnectingRequest(Request):
    """Celery logs an acknowledgement that fails and goes on.

    With one message at a time the worker then waits for ever: the lost message still counts as
    taken, so nothing is read, so nobody notices that the connection is dead. A Redis restarted in
    the middle of a scan is enough (celery/celery#8990 tells of the same). Here the error goes up
    through the event loop, which makes the consumer connect again.
    """

    def acknowledge(self) -> None:
        loop = get_event_loop()
        if loop is None:  # a transport without connections: the embedded broker
            super().acknowledge()
        elif not self.acknowledged:
            self.acknowledged = True
            loop.call_soon(self.message.ack)

    def on_timeout(self, soft: bool, timeout: float) -> None:  # noqa: FBT001 (Celery's)
        """At the hard limit the child is killed right after this."""
        super().on_timeout(soft, timeout)
        if not soft and self.worker_pid is not None:
            child_out_of_time.send(sender=self, pid=self.worker_pid, seconds=timeout)
